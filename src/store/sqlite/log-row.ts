import { crc32 } from 'node:zlib'
import type { Revision } from '../store.ts'

/** A row of the log: one write. */
export interface LogRow {
  readonly key: string
  readonly revision: Revision
  readonly createRevision: Revision
  /** The revision of the key that this row replaced; 0: there was none. */
  readonly previousRevision: Revision
  readonly deleted: boolean
  readonly value: Uint8Array
}

/** Rows in a form that passes between threads without a copy of the values. */
export interface PackedRows {
  readonly keys: readonly string[]
  /** `numbersPerRow` for each row. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** All values, one after the other. */
  readonly values: Uint8Array<ArrayBuffer>
}

const numbersPerRow = 5

/** Covers every column of the row, so that no bit of it changes unnoticed. */
export function checksumOf({ key, revision, createRevision, previousRevision, deleted, value }: LogRow): number {
  return crc32(value, crc32(`${revision} ${createRevision} ${previousRevision} ${deleted ? 1 : 0} ${key}`))
}

/** Copies the values into one new buffer, which `transferOf` moves to the other thread. */
export function packRows(rows: readonly LogRow[]): PackedRows {
  const numbers = new Float64Array(rows.length * numbersPerRow)
  const values = new Uint8Array(rows.reduce((total, { value }) => total + value.byteLength, 0))
  let end = 0
  rows.forEach((row, index) => {
    const { revision, createRevision, previousRevision, deleted, value } = row
    numbers.set([revision, createRevision, previousRevision, deleted ? 1 : 0, value.byteLength], index * numbersPerRow)
    values.set(value, end)
    end += value.byteLength
  })
  return { keys: rows.map(({ key }) => key), numbers, values }
}

/** The buffers to name in `postMessage` so that they are moved, not copied. */
export function transferOf({ numbers, values }: PackedRows): ArrayBuffer[] {
  return [numbers.buffer, values.buffer]
}

/** The rows again. Their values share one buffer: copy what outlives the batch. */
export function* unpackRows({ keys, numbers, values }: PackedRows): Generator<LogRow> {
  let end = 0
  for (const [index, key] of keys.entries()) {
    const at = index * numbersPerRow
    const length = numbers[at + 4]!
    yield {
      key,
      revision: numbers[at]!,
      createRevision: numbers[at + 1]!,
      previousRevision: numbers[at + 2]!,
      deleted: numbers[at + 3] === 1,
      value: values.subarray(end, end + length),
    }
    end += length
  }
}
