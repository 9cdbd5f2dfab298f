import { Bytes, CelList, CelMap, type CelValue } from './values.ts'

/** Characters, bytes, elements or entries; undefined of values that have no size. */
export function sizeOf(value: CelValue): number | undefined {
  if (typeof value === 'string') return codePointCount(value)
  if (value instanceof CelList || value instanceof CelMap) return value.size
  return value instanceof Bytes ? value.bytes.length : undefined
}

export function codePointCount(text: string): number {
  let count = text.length
  for (let index = 0; index < text.length - 1; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) {
      count--
      index++
    }
  }
  return count
}
