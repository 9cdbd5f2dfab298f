/** Protobuf's wire format. After https://protobuf.dev/programming-guides/encoding/. */

export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** Bytes that are no message of the expected kind. */
export class ProtobufError extends Error {}

const firstSize = 1024

/** Writes from the end to the front, so that the length of a nested message is known when it is due. */
export class ReverseWriter {
  #buffer = Buffer.allocUnsafe(firstSize)
  #start = firstSize

  /** Bytes written so far; the length of what a nested message added is the difference. */
  get length(): number {
    return this.#buffer.length - this.#start
  }

  /** A copy of what was written, front to end. */
  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, this.#start)
  }

  varint(value: number): void {
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.#bigVarint(BigInt.asUintN(64, BigInt(value)))
      return
    }
    let size = 1
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
    this.#reserve(size)
    let at = this.#start
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#buffer[at++] = (rest % 128) | 128
    this.#buffer[at] = rest
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#buffer.set(value, this.#start)
  }

  /** UTF-8 with its length. */
  string(value: string): void {
    const size = Buffer.byteLength(value)
    this.#reserve(size)
    this.#buffer.write(value, this.#start, size)
    this.varint(size)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#buffer.writeDoubleLE(value, this.#start)
  }

  tag(number: number, type: number): void {
    this.varint(number * 8 + type)
  }

  /** Makes a field of what was written since `length` was `before`. */
  lengthDelimited(number: number, before: number): void {
    this.varint(this.length - before)
    this.tag(number, wireType.bytes)
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = []
    for (; value >= 128n; value >>= 7n) bytes.push(Number(value & 127n) | 128)
    bytes.push(Number(value))
    this.bytes(Uint8Array.from(bytes))
  }

  #reserve(size: number): void {
    if (size > this.#start) {
      const used = this.length
      const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, used + size))
      this.#buffer.copy(grown, grown.length - used, this.#start)
      this.#start = grown.length - used
      this.#buffer = grown
    }
    this.#start -= size
  }
}

/** Reads a message front to end. Every method throws ProtobufError past the end. */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): number {
    let value = 0
    let factor = 1
    const from = this.#at
    for (let size = 1; size <= 10; size++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new ProtobufError('unexpected EOF')
      value += (byte & 127) * factor
      if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? value : this.#bigVarint(from)
      factor *= 128
    }
    throw new ProtobufError('proto: integer overflow')
  }

  double(): number {
    return this.#take(8).readDoubleLE()
  }

  bytes(): Buffer {
    return this.#take(this.varint())
  }

  string(): string {
    return this.bytes().toString('utf8')
  }

  /** Passes over a field of a type that is not known. */
  skip(type: number): void {
    if (type === wireType.varint) this.varint()
    else if (type === wireType.fixed64) this.#take(8)
    else if (type === wireType.bytes) this.bytes()
    else if (type === wireType.fixed32) this.#take(4)
    else throw new ProtobufError(`proto: illegal wireType ${type}`)
  }

  /** Negative numbers take ten bytes. */
  #bigVarint(from: number): number {
    let value = 0n
    for (let at = from; at < this.#at; at++) value |= BigInt(this.#bytes[at]! & 127) << BigInt(7 * (at - from))
    return Number(BigInt.asIntN(64, value))
  }

  #take(size: number): Buffer {
    const end = this.#at + size
    if (end > this.#bytes.length) throw new ProtobufError('unexpected EOF')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }
}
