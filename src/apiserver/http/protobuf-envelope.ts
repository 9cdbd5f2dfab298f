/**
 * The few bytes of protobuf the edge writes around messages that are encoded already. After apimachinery
 * runtime/serializer/protobuf and meta/v1 generated.proto v1.36.
 */

/** Every protobuf object begins with these: `k8s\0`. */
const magic = Uint8Array.of(0x6b, 0x38, 0x73, 0x00)

const text = new TextEncoder()

/** `runtime.Unknown` with apiVersion, kind and the raw message, after the magic. */
export function wrapUnknown(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const typeMeta = concat([lengthDelimited(1, text.encode(apiVersion)), lengthDelimited(2, text.encode(kind))])
  // Fields 3 and 4, contentEncoding and contentType, are written although empty, as Go does.
  return concat([magic, lengthDelimited(1, typeMeta), lengthDelimited(2, message), Uint8Array.of(0x1a, 0, 0x22, 0)])
}

/** The raw message within an object that `wrapUnknown` or a codec has wrapped. */
export function unwrapUnknown(envelope: Uint8Array): Uint8Array {
  let offset = magic.length
  while (offset < envelope.length) {
    const tag = envelope[offset]!
    const length = readVarint(envelope, offset + 1)
    const end = length.end + length.value
    if (tag === ((2 << 3) | 2)) return envelope.subarray(length.end, end)
    offset = end
  }
  return new Uint8Array()
}

/** A list's message: its ListMeta and the items' messages. */
export function listMessage(
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number },
  items: readonly Uint8Array[],
): Uint8Array {
  // selfLink, resourceVersion and continue are written although empty: proto2 fields without presence in Go.
  const parts = [
    lengthDelimited(1, new Uint8Array()),
    lengthDelimited(2, text.encode(metadata.resourceVersion)),
    lengthDelimited(3, text.encode(metadata.continue ?? '')),
  ]
  if (metadata.remainingItemCount !== undefined)
    parts.push(concat([Uint8Array.of(4 << 3), varint(metadata.remainingItemCount)]))
  return concat([lengthDelimited(1, concat(parts)), ...items.map((item) => lengthDelimited(2, item))])
}

/** A frame of a protobuf watch: four bytes of length, then a WatchEvent around an object with its envelope. */
export function watchFrame(type: string, object: Uint8Array): Uint8Array {
  const raw = lengthDelimited(1, object)
  const event = concat([lengthDelimited(1, text.encode(type)), lengthDelimited(2, raw)])
  const frame = new Uint8Array(4 + event.length)
  new DataView(frame.buffer).setUint32(0, event.length)
  frame.set(event, 4)
  return frame
}

function lengthDelimited(field: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of((field << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0
  let factor = 1
  let offset = start
  for (; bytes[offset]! >= 0x80; offset++) {
    value += (bytes[offset]! & 0x7f) * factor
    factor *= 0x80
  }
  return { value: value + bytes[offset]! * factor, end: offset + 1 }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}
