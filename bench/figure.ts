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
