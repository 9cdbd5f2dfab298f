import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conflict, notFound } from '../machinery/errors.ts'
import { retryOnConflict } from './retry-on-conflict.ts'

const pods = { group: '', resource: 'pods' }
const lostRace = conflict(pods, 'a', 'changed')

const rows: [title: string, errors: unknown[], want: number | RegExp][] = [
  ['what goes well is done once', [], 1],
  ['a lost race is run again', [lostRace, lostRace], 3],
  ['five lost races are enough', Array(5).fill(lostRace), /Operation cannot be fulfilled/],
  ['other errors are not tried again', [notFound(pods, 'a')], /not found/],
]
for (const [title, errors, want] of rows) {
  test(title, async () => {
    let calls = 0
    const result = retryOnConflict(async () => {
      const error = errors[calls]
      calls += 1
      if (error !== undefined) throw error
      return calls
    })
    if (typeof want === 'number') assert.equal(await result, want)
    else await assert.rejects(result, want)
  })
}
