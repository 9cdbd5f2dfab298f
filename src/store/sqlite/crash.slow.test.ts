import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../platform/clock.ts'
import type { Revision } from '../store.ts'

const rounds = 500
/** Kills are spread over this long, from the writer's first write in even rounds and from its start in odd ones. */
const killWithinMs = 60
/** What a process takes at least until it touches the store. */
const startMs = 40

type Line =
  | { event: 'found'; key: string; revision: Revision; length: number; isWhole: boolean }
  | { event: 'opened'; revision: Revision }
  | { event: 'intent'; key: string; length: number }
  | { event: 'done'; key: string; revision: Revision; length: number }

interface Held {
  readonly revision: Revision
  /** 0: deleted. */
  readonly length: number
}

/** What the killed writers were told, against which the next one's findings are judged. */
class Ledger {
  /** The last acknowledged write of each key. */
  readonly #held = new Map<string, Held>()
  /** The length in each key's write that was begun and never acknowledged. */
  readonly #unanswered = new Map<string, number>()
  #lastRevision: Revision = 0
  acknowledged = 0
  openings = 0

  /** Everything that one process said, from its start to its death. */
  account(lines: readonly Line[]): void {
    const opened = lines.find((line) => line.event === 'opened')
    if (!opened) return
    this.openings++
    assert(opened.revision >= this.#lastRevision, `revision ${this.#lastRevision} went back to ${opened.revision}`)
    this.#judge(lines.filter((line) => line.event === 'found'))
    this.#lastRevision = opened.revision
    for (const line of lines) this.#note(line)
  }

  #judge(found: readonly Extract<Line, { event: 'found' }>[]): void {
    const byKey = new Map(found.map((line) => [line.key, line]))
    for (const key of new Set([...this.#held.keys(), ...this.#unanswered.keys(), ...byKey.keys()])) {
      const now = byKey.get(key)
      const before = this.#held.get(key) ?? { revision: 0, length: 0 }
      const length = now?.length ?? 0
      assert(now?.isWhole ?? true, `${key} is half-written`)
      const asAcknowledged = length === before.length && (now === undefined || now.revision === before.revision)
      const asBegun = length === this.#unanswered.get(key) && (now === undefined || now.revision > before.revision)
      assert(asAcknowledged || asBegun, `${key} was ${JSON.stringify(before)} and is ${JSON.stringify(now)}`)
      this.#held.set(key, { revision: now?.revision ?? before.revision, length })
    }
    this.#unanswered.clear()
  }

  #note(line: Line): void {
    if (line.event === 'intent') this.#unanswered.set(line.key, line.length)
    if (line.event !== 'done') return
    this.#unanswered.delete(line.key)
    this.#held.set(line.key, { revision: line.revision, length: line.length })
    this.#lastRevision = Math.max(this.#lastRevision, line.revision)
    this.acknowledged++
  }
}

/** Runs the writer on `path`, kills it, and returns what it said. */
async function runAndKill(path: string, round: number): Promise<Line[]> {
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'crash-writer.ts'), path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  const opened = new Promise<void>((resolve) => {
    writer.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes('"opened"')) resolve()
    })
    writer.stdout.once('end', resolve)
  })
  const closed = once(writer, 'close')
  if (round % 2 === 0) await opened
  // Not a wait for anything: the moment of death is what the test varies.
  await systemClock.sleep(((round * 7) % killWithinMs) + (round % 2 === 0 ? 0 : startMs))
  writer.kill('SIGKILL')
  const [exitCode, signal] = await closed
  assert.equal(signal, 'SIGKILL', `the writer ended by itself with exit code ${exitCode}`)
  const lines = output.slice(0, output.lastIndexOf('\n') + 1).trim()
  return lines === '' ? [] : lines.split('\n').map((line) => JSON.parse(line) as Line)
}

test(`nothing acknowledged is lost and nothing half-written is there after ${rounds} kills`, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'kubets-crash-'))
  context.after(() => rm(folder, { recursive: true }))
  const ledger = new Ledger()
  for (let round = 0; round < rounds; round++) ledger.account(await runAndKill(join(folder, 'store.db'), round))
  assert(ledger.openings >= rounds / 2)
  assert(ledger.acknowledged > rounds)
  context.diagnostic(`${ledger.acknowledged} acknowledged writes, ${ledger.openings} openings`)
})
