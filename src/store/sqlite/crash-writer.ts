import { writeSync } from 'node:fs'
import { systemClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/log.ts'
import { prefixEnd } from '../store.ts'
import { openSqliteStore } from './sqlite-store.ts'

/**
 * A program for the crash tests: opens the store given as its argument and writes to it until it is killed. It prints
 * a line of JSON for each thing that happens: `found` for every key, `opened`, then `intent` before and `done` after
 * each write. A length of 0 stands for no value.
 */
const path = process.argv[2]
if (path === undefined) throw new Error('the path of a store is missing')

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Said before it goes on: what a killed process has not said yet is lost. A pipe that is full takes a moment. */
function tell(line: object): void {
  for (let rest = Buffer.from(`${JSON.stringify(line)}\n`); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(pause, 0, 0, 1)
    }
  }
}

// Little history, so that compaction, vacuum and checkpoints run all the time and are killed too.
const retention = { ageMs: 300_000, maxChanges: 200, maxBytes: 2 ** 20 }
const store = await openSqliteStore({ path, clock: systemClock, log: silentLogger, retention })

for (const { key, revision, value } of store.snapshot().range('/crash/', prefixEnd('/crash/'))) {
  const isWhole = value.every((byte) => byte === value.length % 251)
  tell({ event: 'found', key, revision, length: value.length, isWhole })
}
tell({ event: 'opened', revision: store.revision })

async function writeForever(writer: number): Promise<never> {
  for (let round = 0; ; round++) {
    const key = `/crash/${writer}/${round % 5}`
    const current = store.get(key)
    // Every byte of a value says how long it is, so that half a value shows.
    const length = current && round % 7 === 0 ? 0 : 1 + ((writer * 37 + round * 101) % 6_000)
    tell({ event: 'intent', key, length })
    const value = length === 0 ? undefined : Buffer.alloc(length, length % 251)
    const result = await store.write({ key, value, expected: current?.revision ?? 0 })
    if (!result.ok) throw new Error(`the write of ${key} conflicted`)
    tell({ event: 'done', key, revision: result.revision, length })
  }
}

await Promise.all(Array.from({ length: 8 }, (_, writer) => writeForever(writer)))
