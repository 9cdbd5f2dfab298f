import assert from 'node:assert/strict'
import { appendFile, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../../platform/clock.ts'
import { fixedTimestamp, parseLogLine } from './log-line.ts'
import { type ReadLogsOptions, readLogs } from './read-logs.ts'
import { tailOffset } from './tail.ts'

let folder: string
let path: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubets-logs-'))
  path = join(folder, '0.log')
})
after(() => rm(folder, { recursive: true }))

const log = `2026-01-01T00:00:00.1Z stdout F one
2026-01-01T00:00:01.123456789Z stdout P two,
2026-01-01T00:00:01.2Z stdout F  parts
2026-01-01T00:00:02Z stderr F three
`

function read(options: Partial<ReadLogsOptions> = {}): AsyncGenerator<Uint8Array> {
  const isRunning = async () => false
  return readLogs({ path, isRunning, clock: systemClock, signal: new AbortController().signal, ...options })
}

async function textOf(lines: AsyncGenerator<Uint8Array>): Promise<string> {
  let text = ''
  for await (const bytes of lines) text += Buffer.from(bytes)
  return text
}

const cases: { title: string; content?: string; options?: Partial<ReadLogsOptions>; shown: string }[] = [
  { title: 'is shown whole, its parts joined', shown: 'one\ntwo, parts\nthree\n' },
  { title: 'of a stopped container ends when followed', options: { follow: true }, shown: 'one\ntwo, parts\nthree\n' },
  { title: 'counts entries, not lines, from its end', options: { tailLines: 2 }, shown: ' parts\nthree\n' },
  { title: 'can be shown by none of its lines', options: { tailLines: 0 }, shown: '' },
  { title: 'is shown whole when it has fewer lines', options: { tailLines: 100 }, shown: 'one\ntwo, parts\nthree\n' },
  { title: 'is cut after some bytes', options: { limitBytes: 7 }, shown: 'one\ntwo' },
  { title: 'begins at a moment', options: { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 2) }, shown: 'three\n' },
  {
    title: 'shows the time of each line once',
    options: { timestamps: true },
    shown:
      '2026-01-01T00:00:00.100000000Z one\n2026-01-01T00:00:01.123456789Z two, parts\n2026-01-01T00:00:02.000000000Z three\n',
  },
  { title: 'may end without a line feed', content: '2026-01-01T00:00:00Z stdout F end', shown: 'end' },
  { title: 'may hold entries that are none', content: `nonsense\n${log}`, shown: 'one\ntwo, parts\nthree\n' },
  { title: 'may be empty', content: '', shown: '' },
  { title: 'may have empty lines', content: '2026-01-01T00:00:00Z stdout F \n', shown: '\n' },
]
for (const { title, content = log, options, shown } of cases) {
  test(`a log ${title}`, async () => {
    await writeFile(path, content)
    assert.equal(await textOf(read(options)), shown)
  })
}

test('a log is followed through writes and a rotation until the container stops', async () => {
  await writeFile(path, '2026-01-01T00:00:00Z stdout F one\n')
  let running = true
  const lines = read({ follow: true, isRunning: async () => running })
  const next = async () => Buffer.from((await lines.next()).value ?? '').toString()
  assert.equal(await next(), 'one\n')
  await appendFile(path, '2026-01-01T00:00:01Z stdout F tw')
  await appendFile(path, 'o\n')
  assert.equal(await next(), 'two\n')
  await appendFile(path, '2026-01-01T00:00:02Z stdout F three\n')
  await rename(path, `${path}.1`)
  await writeFile(path, '2026-01-01T00:00:03Z stdout F four\n')
  assert.equal(await next(), 'three\n')
  assert.equal(await next(), 'four\n')
  running = false
  await appendFile(path, '2026-01-01T00:00:04Z stdout F five\n')
  assert.equal(await next(), 'five\n')
  assert.equal((await lines.next()).done, true)
})

test('following ends when the client goes away', async () => {
  await writeFile(path, '2026-01-01T00:00:00Z stdout F one\n')
  const gone = new AbortController()
  const lines = read({ follow: true, isRunning: async () => true, signal: gone.signal })
  await lines.next()
  const end = lines.next()
  gone.abort()
  assert.equal((await end).done, true)
})

test('the end of a log of any shape is found as by counting from its start', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 3000 }), { maxLength: 12 }),
      fc.nat({ max: 14 }),
      async (lengths, lines) => {
        const entries = lengths.map((length) => `${'x'.repeat(length)}\n`)
        await writeFile(path, entries.join(''))
        const file = await open(path)
        try {
          const skipped = entries.slice(0, Math.max(0, entries.length - lines)).join('').length
          assert.equal(await tailOffset(file, lines), skipped)
        } finally {
          await file.close()
        }
      },
    ),
    { numRuns: 50 },
  )
})

const refusedLines = [
  { title: 'a time that is none', entry: 'yesterday stdout F x\n' },
  { title: 'an unknown stream', entry: '2026-01-01T00:00:00Z stdin F x\n' },
  { title: 'no tags', entry: '2026-01-01T00:00:00Z stdout\n' },
]
for (const { title, entry } of refusedLines) {
  test(`an entry with ${title} is none`, () => assert.equal(parseLogLine(Buffer.from(entry)), undefined))
}

test('no entry crashes the parser', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void parseLogLine(Buffer.from(bytes))))
})

test('times keep their zone and get nine digits', () => {
  assert.equal(fixedTimestamp('2026-01-01T00:00:00.5+02:00'), '2026-01-01T00:00:00.500000000+02:00')
  assert.equal(fixedTimestamp('2026-01-01T00:00:00-05:30'), '2026-01-01T00:00:00.000000000-05:30')
})
