import type fc from 'fast-check'

/** One thing that is fuzzed. Its property throws for an input that does what no input may do. */
export interface Fuzz {
  readonly name: string
  /** How many of the inputs it gets, in relation to the others. */
  readonly share: number
  readonly property: fc.IRawProperty<unknown>
  /** Ends what the property has started. */
  readonly close?: () => Promise<void>
}

/** `total` inputs, given out by the shares; each gets one at least. */
export function inputsOf(fuzzes: readonly Fuzz[], total: number): Map<Fuzz, number> {
  const shares = fuzzes.reduce((sum, { share }) => sum + share, 0)
  return new Map(fuzzes.map((fuzz) => [fuzz, Math.max(1, Math.round((total * fuzz.share) / shares))]))
}

/** Runs what must end well or with an error of one of these kinds; everything else that is thrown is a bug. */
export function declared<T>(
  run: () => T,
  ...kinds: readonly (abstract new (
    ...given: never[]
  ) => Error)[]
): T | undefined {
  try {
    return run()
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}
