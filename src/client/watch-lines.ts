import { StringDecoder } from 'node:string_decoder'
import type { ApiWatchEvent } from './transport.ts'

/**
 * Decodes a watch's answer, one JSON event a line. Throws when a line is no JSON or longer than `maxLineLength`
 * (UTF-16 units), so that a broken server cannot fill the memory.
 */
export async function* decodeWatchLines(
  chunks: AsyncIterable<Uint8Array>,
  maxLineLength: number,
): AsyncGenerator<ApiWatchEvent> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of chunks) {
    const text = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      const line = rest + text.slice(start, end)
      rest = ''
      start = end + 1
      if (line.length > maxLineLength) throw tooLong(maxLineLength)
      if (line.trim() !== '') yield parseEvent(line)
    }
    rest += text.slice(start)
    if (rest.length > maxLineLength) throw tooLong(maxLineLength)
  }
  if (rest.trim() !== '') throw new Error('the watch ended in the middle of an event')
}

function tooLong(maxLineLength: number): Error {
  return new Error(`a watch event is longer than ${maxLineLength} characters`)
}

function parseEvent(line: string): ApiWatchEvent {
  const event: unknown = JSON.parse(line)
  if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event)) {
    throw new Error('a watch event has no type or no object')
  }
  return event as ApiWatchEvent
}
