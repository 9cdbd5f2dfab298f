import { formatJson } from '../../machinery/format-json.ts'
import type { ListAnswer } from '../request.ts'

/** Large enough that a chunk costs little beside its bytes, small enough that many lists at once take little memory. */
export const listChunkBytes = 256 * 1024

const comma = 0x2c
const openBrace = 0x7b

/**
 * A list as JSON, in pieces of about `listChunkBytes`, each made when it is asked for: the items' bytes are copied
 * once, and the whole list is never in memory. A short list is one piece of just its size.
 */
export function* listChunks(list: ListAnswer): Generator<Buffer, void> {
  const { items, bareItems } = list
  const { head, end: listEnd } = aroundItems(list)
  let chunk = Buffer.allocUnsafe(bytesUpToChunk(head.length + listEnd.length, items))
  let used = head.copy(chunk)
  for (let index = 0; index < items.length; index++) {
    const { bytes, place, inserted } = items[index]!.encoded.splicedJson()
    const size = bytes.length + inserted.length + 1
    if (used + size > chunk.length) {
      yield chunk.subarray(0, used)
      chunk = Buffer.allocUnsafe(Math.max(listChunkBytes, size))
      used = 0
    }
    if (index > 0) chunk[used++] = comma
    const skipped = bareItems ? typeMetaLength(bytes) : 0
    if (skipped > 0) chunk[used++] = openBrace
    used += bytes.copy(chunk, used, skipped, place)
    used += chunk.write(inserted, used, 'latin1')
    used += bytes.copy(chunk, used, place)
  }
  if (used + listEnd.length > chunk.length) {
    yield chunk.subarray(0, used)
    yield listEnd
    return
  }
  used += listEnd.copy(chunk, used)
  yield chunk.subarray(0, used)
}

/** Members as Go's struct has them; a list of custom resources is a map, and sorted. */
function aroundItems({ kind, apiVersion, metadata, bareItems }: ListAnswer): { head: Buffer; end: Buffer } {
  const begun = (members: object) => `${formatJson(members).slice(0, -1)},"items":[`
  if (bareItems) return { head: Buffer.from(begun({ kind, apiVersion, metadata })), end: Buffer.from(']}\n') }
  const end = `],${formatJson({ kind, metadata }).slice(1)}\n`
  return { head: Buffer.from(begun({ apiVersion })), end: Buffer.from(end) }
}

/** What the list takes at most, but no more than a chunk: only as many items are looked at as fit one. */
function bytesUpToChunk(around: number, items: ListAnswer['items']): number {
  let total = around
  for (const { encoded } of items) {
    const { bytes, inserted } = encoded.splicedJson()
    total += bytes.length + inserted.length + 1
    if (total > listChunkBytes) return Math.max(listChunkBytes, around)
  }
  return total
}

const kindField = Buffer.from('{"kind":"')
const apiVersionField = Buffer.from('"apiVersion":"')

/** The length of `{"kind":"…","apiVersion":"…",`, with which every stored object begins; 0 without it. */
function typeMetaLength(bytes: Buffer): number {
  const kindEnd = startsWith(bytes, kindField, 0) ? bytes.indexOf(comma, kindField.length) : -1
  if (kindEnd < 0 || !startsWith(bytes, apiVersionField, kindEnd + 1)) return 0
  return bytes.indexOf(comma, kindEnd + 1 + apiVersionField.length) + 1
}

function startsWith(bytes: Buffer, prefix: Buffer, offset: number): boolean {
  for (let index = 0; index < prefix.length; index++) if (bytes[offset + index] !== prefix[index]) return false
  return true
}
