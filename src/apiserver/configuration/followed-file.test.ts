import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../../platform/clock.ts'
import { createLogger } from '../../platform/log.ts'
import { ConfigurationError } from './configuration-file.ts'
import { openFollowedFile } from './followed-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubets-followed-'))
  path = join(folder, 'file')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** At once: half of it is never seen. */
function replace(text: string): void {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

/** Runs `work` while the file is followed; its lines of the log come along. */
async function following(
  work: (file: { current(): string; until(want: string): Promise<void>; logged: string[] }) => Promise<void>,
): Promise<void> {
  const logged: string[] = []
  const log = createLogger({ level: 'info', destination: { write: (line) => void logged.push(line) } })
  const parse = (text: string) => {
    if (text.startsWith('wrong')) throw new ConfigurationError('it makes no sense')
    return text
  }
  const file = await openFollowedFile({ path, parse, clock: systemClock, log })
  const stopping = new AbortController()
  const running = file.follow(stopping.signal)
  const holds = async (condition: () => boolean) => {
    const late = AbortSignal.timeout(10_000)
    while (!condition()) {
      late.throwIfAborted()
      await systemClock.sleep(5, late)
    }
  }
  try {
    await work({
      current: file.current,
      until: (want) => holds(() => [file.current(), ...logged].some((text) => text.includes(want))),
      logged,
    })
  } finally {
    stopping.abort()
    await running
  }
}

describe('a file that is followed', () => {
  test('is read again when it changes', async () => {
    writeFileSync(path, 'one')
    await following(async ({ current, until }) => {
      assert.equal(current(), 'one')
      replace('two')
      await until('two')
    })
  })

  test('is read again when another takes its place, as a ConfigMap in a Pod does', async () => {
    writeFileSync(join(folder, 'a'), 'one')
    writeFileSync(join(folder, 'b'), 'two')
    symlinkSync('a', path)
    await following(async ({ until }) => {
      symlinkSync('b', join(folder, 'next'))
      renameSync(join(folder, 'next'), path)
      await until('two')
    })
  })

  test('keeps what it said while it makes no sense, and says so once', async () => {
    writeFileSync(path, 'one')
    await following(async ({ current, until, logged }) => {
      replace('wrong')
      await until('it makes no sense')
      assert.equal(current(), 'one')
      writeFileSync(join(folder, 'other'), '')
      replace('two')
      await until('two')
      assert.equal(logged.filter((line) => line.includes('it makes no sense')).length, 1)
    })
  })

  test('keeps what it said while it is gone', async () => {
    writeFileSync(path, 'one')
    await following(async ({ current, until }) => {
      rmSync(path)
      await until('ENOENT')
      assert.equal(current(), 'one')
      replace('two')
      await until('two')
    })
  })

  test('is refused at first when it makes no sense or is not there', async () => {
    await assert.rejects(
      following(async () => assert.fail('never there')),
      /error opening configuration file .*ENOENT/,
    )
    writeFileSync(path, 'wrong')
    await assert.rejects(
      following(async () => assert.fail('never right')),
      { message: 'it makes no sense' },
    )
  })
})
