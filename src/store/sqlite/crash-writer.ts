import { writeSync } from 'node:fs'
import { systemClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/log.ts'
import { openSqliteStore } from './sqlite-store.ts'

/**
 * A program for the crash tests: writes to the store given as its argument, and prints each acknowledged write as a
 * line `key revision length`, until it is killed.
 */
const path = process.argv[2]
if (path === undefined) throw new Error('the path of a store is missing')

const retention = { ageMs: 300_000, maxChanges: 200, maxBytes: 2 ** 20 }
const store = await openSqliteStore({ path, clock: systemClock, log: silentLogger, retention })
writeSync(1, `opened ${store.revision} 0\n`)

async function writeForever(writer: number): Promise<never> {
  for (let round = 0; ; round++) {
    const key = `/crash/${writer}/${round % 5}`
    const current = store.get(key)
    const removes = current !== undefined && round % 7 === 0
    // Every byte of a value says how long it is, so that half a value shows.
    const length = 1 + ((writer * 37 + round * 101) % 6_000)
    const value = removes ? undefined : Buffer.alloc(length, length % 251)
    const result = await store.write({ key, value, expected: current?.revision ?? 0 })
    if (!result.ok) throw new Error(`the write of ${key} conflicted`)
    writeSync(1, `${key} ${result.revision} ${removes ? 0 : length}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, writer) => writeForever(writer)))
