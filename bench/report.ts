import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { type Bar, type Figure, holds, isFigure, type Outcome } from './figure.ts'

/** One line a figure: what was measured beside its bar. */
export function renderTable(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) =>
    isFigure(outcome)
      ? [
          outcome.name,
          renderNumber(outcome.value),
          outcome.unit,
          renderBar(outcome.bar),
          renderPeer(outcome),
          verdicts[`${holds(outcome)}`],
        ]
      : [outcome.name, '', `left out: ${outcome.skipped}`],
  )
  const table = [['operation', 'measured', 'unit', 'bar', 'peer', ''], ...rows]
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...table.filter((row) => row.length > 3).map((row) => row[column]!.length)),
  )
  const nameWidth = Math.max(...table.map(([name]) => name!.length))
  return table
    .map(([name, value, ...rest]) => {
      const cells = rest.map((cell, i) => cell!.padEnd(widths[i + 2] ?? 0))
      return `${name!.padEnd(nameWidth)}  ${value!.padStart(widths[1]!)}  ${cells.join('  ')}`.trimEnd()
    })
    .join('\n')
}

const verdicts: Record<string, string> = { true: 'held', false: 'missed', undefined: '' }

function renderBar(bar: Bar | undefined): string {
  if (bar?.atLeast !== undefined) return `≥ ${renderNumber(bar.atLeast)}`
  return bar?.atMost === undefined ? '' : `≤ ${renderNumber(bar.atMost)}`
}

function renderPeer({ value, peer }: Figure): string {
  return peer === undefined ? '' : `${renderNumber(peer)} (ours is ${renderNumber(value / peer)}×)`
}

function renderNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

/** The figures with what is needed to compare them with another day's. */
export function writeJson(path: string, outcomes: readonly Outcome[]): void {
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, memoryBytes: totalmem(), loadAverage: loadavg() }
  const measured = outcomes.map((outcome) => (isFigure(outcome) ? { ...outcome, holds: holds(outcome) } : outcome))
  writeFileSync(path, `${JSON.stringify({ machine, node: process.version, outcomes: measured }, undefined, 2)}\n`)
}
