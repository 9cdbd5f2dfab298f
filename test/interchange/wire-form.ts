/**
 * What a protobuf message says, read without any schema: Go's messages have fields that are always written, and so
 * are often empty; ours leave empty ones out. Two messages that say the same have the same text here.
 */
export function wireForm(bytes: Uint8Array): string {
  return JSON.stringify(messageOf(Buffer.from(bytes)) ?? bytes.toString())
}

type Part = readonly [number: number, value: unknown]

/** Undefined: these bytes are no message. */
function messageOf(bytes: Buffer): Part[] | undefined {
  const parts: Part[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = varint(bytes, at)
    const field = tag && fieldAt(bytes, tag.next, Number(tag.value & 7n))
    if (!field || tag.value < 8n) return undefined
    at = field.next
    if (!isEmpty(field.value)) parts.push([Number(tag.value >> 3n), field.value])
  }
  // Entries of a map and items of a list keep their order, since sorting is stable.
  return parts.sort(([left], [right]) => left - right)
}

function fieldAt(bytes: Buffer, at: number, wireType: number): { value: unknown; next: number } | undefined {
  if (wireType === 0) {
    const number = varint(bytes, at)
    return number && { value: String(number.value), next: number.next }
  }
  if (wireType === 1)
    return at + 8 > bytes.length ? undefined : { value: bytes.toString('hex', at, at + 8), next: at + 8 }
  const length = wireType === 2 ? varint(bytes, at) : undefined
  if (!length) return undefined
  const next = length.next + Number(length.value)
  if (next > bytes.length) return undefined
  const content = bytes.subarray(length.next, next)
  return { value: messageOf(content) ?? content.toString('latin1'), next }
}

function varint(bytes: Buffer, at: number): { value: bigint; next: number } | undefined {
  let value = 0n
  for (let index = 0; index < 10; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value |= BigInt(byte & 0x7f) << BigInt(7 * index)
    if (byte < 0x80) return { value, next: at + index + 1 }
  }
  return undefined
}

function isEmpty(value: unknown): boolean {
  return value === '0' || (Array.isArray(value) && value.length === 0)
}
