import { Counter, type Registry } from 'prom-client'
import { Histogram } from '../metrics/histogram.ts'

/** `failure`: nobody was found, and nobody in particular is not let in. `error`: a credential was refused. */
export type AuthenticationResult = 'success' | 'failure' | 'error'

/** What authentication tells of itself, under upstream's names. After apiserver endpoints/filters/metrics.go v1.36. */
export interface AuthenticationMetrics {
  /** Of requests that succeed, the user's name. */
  attempt(result: AuthenticationResult, elapsedMs: number, userName?: string): void
}

const results: readonly AuthenticationResult[] = ['success', 'failure', 'error']

/** From a millisecond, each twice the one before. Shared with authorization. */
export const durationBuckets: readonly number[] = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power)

export function createAuthenticationMetrics(registry: Registry): AuthenticationMetrics {
  const users = new Counter({
    name: 'authenticated_user_requests',
    help: 'Requests of users, by what sort of name they have.',
    labelNames: ['username'],
    registers: [registry],
  })
  const attempts = new Counter({
    name: 'authentication_attempts',
    help: 'Requests whose sender was looked for, by result.',
    labelNames: ['result'],
    registers: [registry],
  })
  const durations = new Histogram(
    {
      name: 'authentication_duration_seconds',
      help: 'Seconds it took to find out who sends a request, by result.',
      buckets: durationBuckets,
    },
    registry,
  )
  const series = new Map(
    results.map((result) => [result, { count: attempts.labels({ result }), took: durations.series({ result }) }]),
  )
  return {
    attempt(result, elapsedMs, userName) {
      const { count, took } = series.get(result)!
      count.inc()
      took.observe(elapsedMs / 1000)
      if (userName !== undefined) users.inc({ username: sortOf(userName) })
    },
  }
}

const namedThemselves: ReadonlySet<string> = new Set([
  'admin',
  'client',
  'kube_proxy',
  'kubelet',
  'system:serviceaccount:kube-system:default',
])

/** Few sorts, so that users neither make series nor show in them. */
function sortOf(userName: string): string {
  if (namedThemselves.has(userName)) return userName
  return userName.includes('@') ? 'email_id' : 'other'
}
