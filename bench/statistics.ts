/** The value below which a share of the samples lies, by nearest rank. Throws without samples. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error('there are no samples')
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

/** The middle sample; of an even number the mean of the two in the middle. Throws without samples. */
export function median(samples: readonly number[]): number {
  const upper = quantile(
    samples.map((sample) => -sample),
    0.5,
  )
  return (quantile(samples, 0.5) - upper) / 2
}

/** Events in a span of milliseconds, per second. */
export function perSecond(count: number, spanMs: number): number {
  return (count * 1000) / spanMs
}
