import type { IncomingMessage } from 'node:http'

/** The whole body. Throws, and hangs up, when it is longer than `limitBytes`. */
export async function readAnswer(answer: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > limitBytes) {
      answer.destroy()
      throw new Error(`the answer is longer than ${limitBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
