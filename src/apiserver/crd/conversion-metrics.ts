import { Counter, type Registry } from 'prom-client'
import type { Clock } from '../../platform/clock.ts'
import { Histogram } from '../metrics/histogram.ts'

/** Upstream's words for what can go wrong with a conversion webhook. */
export type ConversionFailure =
  | 'conversion_webhook_call_failure'
  | 'conversion_webhook_malformed_response_failure'
  | 'conversion_webhook_partial_response_failure'
  | 'conversion_webhook_invalid_converted_object_failure'

export interface ConversionOutcome {
  /** The name of the definition. */
  readonly definition: string
  readonly fromVersion: string
  readonly toVersion: string
  readonly elapsedMs: number
  /** Absent: the objects were converted. */
  readonly failure?: ConversionFailure | undefined
}

export interface ConversionMetrics {
  readonly nowMs: () => number
  observe(outcome: ConversionOutcome): void
}

const callBuckets = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60]
/** From a millisecond on, each twice the one before. */
const definitionBuckets = Array.from({ length: 15 }, (_, index) => 0.001 * 2 ** index)

/** What conversion webhooks tell of themselves. After apiextensions-apiserver pkg/apiserver/conversion/metrics.go v1.36. */
export function createConversionMetrics(registry: Registry, clock: Clock): ConversionMetrics {
  const calls = new Counter({
    name: 'apiserver_conversion_webhook_request_total',
    help: 'Calls of conversion webhooks, by their result and what has failed.',
    labelNames: ['result', 'failure_type'],
    registers: [registry],
  })
  const durations = new Histogram(
    {
      name: 'apiserver_conversion_webhook_duration_seconds',
      help: 'Seconds that conversion webhooks took, by the result and what has failed.',
      buckets: callBuckets,
    },
    registry,
  )
  const ofDefinitions = new Histogram(
    {
      name: 'apiserver_crd_conversion_webhook_duration_seconds',
      help: 'Seconds that conversion webhooks took, by the definition and its versions.',
      buckets: definitionBuckets,
    },
    registry,
  )
  return {
    nowMs: () => clock.monotonicMs(),
    observe({ definition, fromVersion, toVersion, elapsedMs, failure }) {
      const labels = { result: failure ? 'failure' : 'success', failure_type: failure ?? '' }
      const succeeded = String(failure === undefined)
      calls.inc(labels)
      durations.series(labels).observe(elapsedMs / 1_000)
      ofDefinitions
        .series({ crd_name: definition, from_version: fromVersion, to_version: toVersion, succeeded })
        .observe(elapsedMs / 1_000)
    },
  }
}
