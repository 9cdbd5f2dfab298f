import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The cases known to fail, by suite: a ledger that may only get shorter. */
export type Baseline = Readonly<Record<string, readonly string[]>>

const file = join(import.meta.dirname, 'baseline.json')

export function readBaseline(): Baseline {
  return JSON.parse(readFileSync(file, 'utf8')) as Baseline
}

/** Replaces the ledger of one suite. */
export function writeBaseline(suite: string, failing: readonly string[]): void {
  const baseline = { ...readBaseline(), [suite]: [...failing].sort() }
  writeFileSync(file, `${JSON.stringify(baseline, null, 2)}\n`)
}
