import { type Answer, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet'

export interface AnswerMessage {
  readonly id: number
  readonly flags: number
  readonly question: NonNullable<Packet['questions']>[number]
  readonly answers: readonly Answer[]
  readonly authorities: readonly Answer[]
  readonly additionals: readonly Answer[]
  /** Sent whatever else there is room for: the sender's own EDNS record. */
  readonly extension: Answer | undefined
}

const headBytes = 12
/** "The name that stands at byte 12": the question's. */
const questionName = Uint8Array.of(0xc0, headBytes)

/**
 * A message in wire form of at most `limit` bytes. Names equal to the question's are written as a reference to it, so
 * that an answer without EDNS holds some 28 addresses. What does not fit is left out: first additional records, which
 * nobody misses, then answers, which the TC bit tells; clients that cannot ask over TCP still get the ones that fit.
 */
export function writeAnswer(message: AnswerMessage, limit: number): Uint8Array {
  const { id, flags, question, extension } = message
  const start = encode({ type: 'response', id, flags, questions: [question] })
  const wire = (record: Answer) => recordBytes(record, question.name)
  const end = extension ? wire(extension) : new Uint8Array()
  let room = limit - start.length - end.length
  const take = (records: readonly Answer[]) => {
    const taken: Uint8Array[] = []
    for (const record of records) {
      const bytes = wire(record)
      if (bytes.length > room) break
      room -= bytes.length
      taken.push(bytes)
    }
    return taken
  }
  const [answers, authorities, additionals] = [
    take(message.answers),
    take(message.authorities),
    take(message.additionals),
  ]
  const bytes = Buffer.concat([start, ...answers, ...authorities, ...additionals, end])
  if (answers.length < message.answers.length) bytes.writeUInt16BE(bytes.readUInt16BE(2) | TRUNCATED_RESPONSE, 2)
  bytes.writeUInt16BE(answers.length, 6)
  bytes.writeUInt16BE(authorities.length, 8)
  bytes.writeUInt16BE(additionals.length + (extension ? 1 : 0), 10)
  return bytes
}

/** One record alone: the library writes whole messages only. */
function recordBytes(record: Answer, question: string): Uint8Array {
  if (record.name !== question) return encode({ type: 'response', answers: [record] }).subarray(headBytes)
  const withoutName = encode({ type: 'response', answers: [{ ...record, name: '.' }] }).subarray(headBytes + 1)
  return Buffer.concat([questionName, withoutName])
}
