/** What a figure is held against: the design's bars. */
export interface Bar {
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Figure {
  /** As in the table: `create Pod`. */
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly bar?: Bar
  /** The same of the server that was measured for comparison. */
  readonly peer?: number
}

/** A part of the run that cannot be measured here, and why. */
export interface Skipped {
  readonly name: string
  readonly skipped: string
}

export type Outcome = Figure | Skipped

export const isFigure = (outcome: Outcome): outcome is Figure => 'value' in outcome

/** Whether the figure keeps its bar; `undefined` without one. */
export function holds({ value, bar }: Figure): boolean | undefined {
  if (!bar) return undefined
  return value >= (bar.atLeast ?? -Infinity) && value <= (bar.atMost ?? Infinity)
}

/** `ours`, each figure with the peer's of the same name. */
export function besidePeer(ours: readonly Outcome[], theirs: readonly Outcome[]): Outcome[] {
  const values = new Map(theirs.filter(isFigure).map(({ name, value }) => [name, value]))
  return ours.map((outcome) => {
    const peer = values.get(outcome.name)
    return isFigure(outcome) && peer !== undefined ? { ...outcome, peer } : outcome
  })
}
