import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scheduleError } from './schedule.ts'

const cases: { schedule: string; why: string | undefined }[] = [
  { schedule: '*/5 * * * *', why: undefined },
  { schedule: '0 0 1 jan-mar mon', why: undefined },
  { schedule: '@hourly', why: undefined },
  { schedule: '@every 1h30m', why: undefined },
  { schedule: '@bogus', why: 'unrecognized descriptor: @bogus' },
  { schedule: '* * * *', why: 'expected exactly 5 fields, found 4: [* * * *]' },
  { schedule: '60 * * * *', why: 'end of range (60) above maximum (59): 60' },
  { schedule: '5-2 * * * *', why: 'beginning of range (5) beyond end of range (2): 5-2' },
  { schedule: '*/0 * * * *', why: 'step of range should be a positive number: */0' },
]
for (const { schedule, why } of cases) {
  test(`the schedule ${schedule} is ${why === undefined ? 'read' : 'refused'}`, () => {
    assert.equal(scheduleError(schedule), why)
  })
}
