import type { MetricValueWithName, Registry } from 'prom-client'

export interface HistogramOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds, rising. */
  readonly buckets: readonly number[]
}

type Labels = Readonly<Record<string, string>>

/**
 * A histogram for what happens many times a request. prom-client's own makes a key of all labels at every observation,
 * which took longer than most of what is measured here; in this one whoever observes holds on to a series.
 */
export class Histogram {
  readonly name: string
  readonly #help: string
  readonly #buckets: readonly number[]
  readonly #series = new Map<string, Series>()

  constructor({ name, help, buckets }: HistogramOptions, registry: Registry) {
    this.name = name
    this.#help = help
    this.#buckets = buckets
    // All that a registry asks of a metric is its name and its values.
    registry.registerMetric(this as never)
  }

  /** The same for the same labels. */
  series(labels: Labels): Series {
    const key = JSON.stringify(labels)
    const series = this.#series.get(key) ?? new Series(labels, this.#buckets)
    this.#series.set(key, series)
    return series
  }

  reset(): void {
    this.#series.clear()
  }

  /** What a registry renders. */
  get() {
    const values = [...this.#series.values()].flatMap((series) => series.values(this.name))
    return Promise.resolve({ name: this.name, help: this.#help, type: 'histogram', aggregator: 'sum', values })
  }
}

export class Series {
  readonly #labels: Labels
  readonly #buckets: readonly number[]
  /** By bucket, those of lower buckets not counted again; the last is for what is above all. */
  readonly #counts: number[]
  #sum = 0

  constructor(labels: Labels, buckets: readonly number[]) {
    this.#labels = labels
    this.#buckets = buckets
    this.#counts = new Array<number>(buckets.length + 1).fill(0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.#buckets.length && value > this.#buckets[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
  }

  /** As Prometheus reads them: each bucket counts all below it too. Nothing before the first observation. */
  values(name: string): MetricValueWithName<string>[] {
    let count = 0
    const values = this.#counts.map((own, index): MetricValueWithName<string> => {
      count += own
      const le = index < this.#buckets.length ? this.#buckets[index]! : '+Inf'
      return { metricName: `${name}_bucket`, labels: { le, ...this.#labels }, value: count }
    })
    if (count === 0) return []
    return [
      ...values,
      { metricName: `${name}_sum`, labels: this.#labels, value: this.#sum },
      { metricName: `${name}_count`, labels: this.#labels, value: count },
    ]
  }
}
