/** Ranges of sizes and costs. After SizeEstimate and CostEstimate in cel-go checker/cost.go v0.26. */

export interface Estimate {
  readonly min: number
  readonly max: number
}

/** The largest number upstream counts to; sums and products stop there. */
export const largestEstimate = 2 ** 64

export const unknownSize: Estimate = { min: 0, max: largestEstimate }
export const free: Estimate = { min: 0, max: 0 }

export function exactly(count: number): Estimate {
  return { min: count, max: count }
}

export function plus(...estimates: readonly Estimate[]): Estimate {
  return {
    min: capped(estimates.reduce((sum, { min }) => sum + min, 0)),
    max: capped(estimates.reduce((sum, { max }) => sum + max, 0)),
  }
}

export function times(left: Estimate, right: Estimate): Estimate {
  return { min: capped(left.min * right.min), max: capped(left.max * right.max) }
}

/** Rounded up. */
export function scaled({ min, max }: Estimate, factor: number): Estimate {
  return { min: capped(Math.ceil(min * factor)), max: capped(Math.ceil(max * factor)) }
}

/** What holds both. */
export function union(left: Estimate, right: Estimate): Estimate {
  return { min: Math.min(left.min, right.min), max: Math.max(left.max, right.max) }
}

function capped(count: number): number {
  return Math.min(count, largestEstimate)
}
