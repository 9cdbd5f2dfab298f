import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSchedule } from './cron-schedule.ts'
import { missedTimes, ScheduleError, untilNextMs } from './missed-times.ts'

const rows: [title: string, schedule: string, zone: string | undefined, from: string, want: (string | undefined)[]][] =
  [
    ['every minute', '* * * * *', undefined, '2026-01-01T00:00:30Z', ['2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z']],
    ['from 5 every 15', '5/15 * * * *', undefined, '2026-01-01T00:21:00Z', ['2026-01-01T00:35:00Z']],
    ['a question mark is any value', '0 0 ? * ?', undefined, '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00Z']],
    ['names', '0 0 * feb mon', undefined, '2026-01-01T00:00:00Z', ['2026-02-02T00:00:00Z']],
    ['day of month or weekday', '0 0 13 * 5', undefined, '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00Z']],
    ['hourly', '@hourly', undefined, '2026-01-01T00:00:00Z', ['2026-01-01T01:00:00Z']],
    ['every so often', '@every 1m30s', undefined, '2026-01-01T00:00:00Z', ['2026-01-01T00:01:30Z']],
    ['in a zone', '0 9 * * *', 'Asia/Tokyo', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00Z']],
    ['a zone in the schedule', 'TZ=Asia/Tokyo 0 9 * * *', undefined, '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00Z']],
    ['a time the clocks skip', '30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', ['2026-03-30T00:30:00Z']],
    [
      'a time the clocks repeat',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00:00Z',
      ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    ],
    ['a day that never comes', '0 0 31 2 *', undefined, '2026-01-01T00:00:00Z', [undefined]],
  ]
for (const [title, text, zone, from, want] of rows) {
  test(`schedule: ${title}`, () => {
    const schedule = parseSchedule(text, zone)
    let ms: number | undefined = Date.parse(from)
    for (const time of want) {
      ms = schedule.nextMs(ms!)
      assert.equal(ms, time === undefined ? undefined : Date.parse(time))
    }
  })
}

for (const text of ['* * * *', '@every soon', '99 * * * *']) {
  test(`no schedule: ${text}`, () => assert.throws(() => parseSchedule(text)))
}

const made = '2026-01-01T00:00:00Z'
const cronJob = (spec: object = {}) => ({
  metadata: { name: 'c', creationTimestamp: made },
  spec: { schedule: '* * * * *', jobTemplate: {}, ...spec },
})
const nowMs = Date.parse(made) + 10 * 60_000 + 20_000
const hourly = parseSchedule('0 * * * *')
const minutely = parseSchedule('* * * * *')

const missedRows: [title: string, missed: ReturnType<typeof missedTimes>, want: (string | number | undefined)[]][] = [
  ['none yet', missedTimes(cronJob(), hourly, { nowMs }), ['none', undefined]],
  ['the last of several', missedTimes(cronJob(), minutely, { nowMs }), ['few', 10]],
  ['too many', missedTimes(cronJob(), minutely, { nowMs: nowMs + 7_200_000 }), ['many', 130]],
  [
    'older ones do not count past the deadline',
    missedTimes(cronJob({ startingDeadlineSeconds: 10 }), minutely, { nowMs }),
    ['none', undefined],
  ],
]
for (const [title, { missed, dueMs }, want] of missedRows) {
  test(`missed times: ${title}`, () =>
    assert.deepEqual([missed, dueMs === undefined ? undefined : (dueMs - Date.parse(made)) / 60_000], want))
}

test('a schedule that never falls due is an error, and the next look follows the schedule', () => {
  assert.throws(() => missedTimes(cronJob(), parseSchedule('0 0 31 2 *'), { nowMs }), ScheduleError)
  assert.equal(untilNextMs(cronJob(), minutely, nowMs), 40_100)
})
