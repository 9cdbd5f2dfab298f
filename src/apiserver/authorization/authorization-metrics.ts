import { Counter, type Registry } from 'prom-client'
import { durationBuckets } from '../authentication/authentication-metrics.ts'
import { Histogram } from '../metrics/histogram.ts'
import type { Authorizer, Decision } from './authorizer.ts'

export type WebhookResult = 'success' | 'timeout' | 'error'

/** What one webhook tells of itself. */
export interface WebhookAuthorizerMetrics {
  /** It was asked once. */
  evaluated(result: WebhookResult, elapsedMs: number): void
  /** It could not be asked, and so had no opinion. */
  failedOpen(result: WebhookResult): void
  conditions(outcome: { readonly elapsedMs: number; readonly failed: boolean; readonly excluded: boolean }): void
}

/**
 * What authorization tells of itself, under upstream's names. After apiserver authorization/metrics, authorization/cel,
 * plugin/pkg/authorizer/webhook/metrics and endpoints/filters/metrics.go v1.36.
 */
export interface AuthorizationMetrics {
  /** The whole chain has decided about a request. */
  attempt(decision: Decision, elapsedMs: number): void
  /** Counts what one authorizer settles. */
  counted<T extends Authorizer>(type: string, name: string, authorizer: T): T
  webhook(name: string): WebhookAuthorizerMetrics
}

const webhookBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const conditionBuckets = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25]

type MakeCounter = (name: string, help: string, labelNames: string[]) => Counter

export function createAuthorizationMetrics(registry: Registry): AuthorizationMetrics {
  const counter: MakeCounter = (name, help, labelNames) =>
    new Counter({ name, help, labelNames, registers: [registry] })
  const decisions = counter('apiserver_authorization_decisions_total', 'What authorizers settled.', [
    'type',
    'name',
    'decision',
  ])
  return {
    attempt: attempts(registry, counter),
    counted(type, name, authorizer) {
      const allowed = decisions.labels({ type, name, decision: 'allowed' })
      const denied = decisions.labels({ type, name, decision: 'denied' })
      const count = (decision: Decision): Decision => {
        if (decision.allowed) allowed.inc()
        else if (decision.denied) denied.inc()
        return decision
      }
      return {
        ...authorizer,
        authorize(attributes) {
          const decision = authorizer.authorize(attributes)
          return decision instanceof Promise ? decision.then(count) : count(decision)
        },
      }
    },
    webhook: webhooks(registry, counter),
  }
}

function attempts(registry: Registry, counter: MakeCounter): AuthorizationMetrics['attempt'] {
  const total = counter('authorization_attempts_total', 'Requests that were authorized or not, by result.', ['result'])
  const durations = new Histogram(
    {
      name: 'authorization_duration_seconds',
      help: 'Seconds it took to find out whether a request is allowed, by result.',
      buckets: durationBuckets,
    },
    registry,
  )
  const seriesOf = (result: string) => ({ count: total.labels({ result }), took: durations.series({ result }) })
  const allowed = seriesOf('allowed')
  const failed = seriesOf('error')
  const denied = seriesOf('denied')
  const undecided = seriesOf('no-opinion')
  const select = (decision: Decision) => {
    if (decision.allowed) return allowed
    if (decision.error !== undefined) return failed
    return decision.denied ? denied : undecided
  }
  return (decision, elapsedMs) => {
    const { count, took } = select(decision)
    count.inc()
    took.observe(elapsedMs / 1000)
  }
}

function webhooks(registry: Registry, counter: MakeCounter): AuthorizationMetrics['webhook'] {
  const prefix = 'apiserver_authorization'
  const evaluations = counter(`${prefix}_webhook_evaluations_total`, 'Times that webhooks were asked.', [
    'name',
    'result',
  ])
  const open = counter(
    `${prefix}_webhook_evaluations_fail_open_total`,
    'Times that webhooks could not be asked, and so had no opinion.',
    ['name', 'result'],
  )
  const failures = counter(`${prefix}_match_condition_evaluation_errors_total`, 'Conditions that went wrong.', [
    'type',
    'name',
  ])
  const exclusions = counter(
    `${prefix}_match_condition_exclusions_total`,
    'Times that conditions left a webhook out.',
    ['type', 'name'],
  )
  const durations = new Histogram(
    { name: `${prefix}_webhook_duration_seconds`, help: 'Seconds that webhooks took.', buckets: webhookBuckets },
    registry,
  )
  const conditionDurations = new Histogram(
    {
      name: `${prefix}_match_condition_evaluation_seconds`,
      help: 'Seconds that conditions took.',
      buckets: conditionBuckets,
    },
    registry,
  )
  return (name) => {
    const owner = { type: 'Webhook', name }
    return {
      evaluated(result, elapsedMs) {
        evaluations.inc({ name, result })
        durations.series({ name, result }).observe(elapsedMs / 1000)
      },
      failedOpen: (result) => open.inc({ name, result }),
      conditions({ elapsedMs, failed, excluded }) {
        conditionDurations.series(owner).observe(elapsedMs / 1000)
        if (failed) failures.inc(owner)
        if (excluded) exclusions.inc(owner)
      },
    }
  }
}
