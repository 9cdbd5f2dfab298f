import { type LoadedKubeconfig, loadKubeconfig } from '../../client/kubeconfig.ts'
import { LeastRecentlyUsed } from '../../client/least-recently-used.ts'
import { isStatus } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import { deadlineExceeded } from '../webhook/connection-error.ts'
import type { WebhookClient, WebhookTarget } from '../webhook/webhook-client.ts'
import { ConfigurationError } from './configuration-file.ts'

export interface ReviewWebhookDependencies {
  readonly client: WebhookClient
  readonly clock: Clock
  /** A whole number below `limit`: spreads retries. */
  readonly random: (limit: number) => number
}

export interface ReviewWebhookOptions extends ReviewWebhookDependencies {
  /** Where the webhook is, and how it knows us, in the form of a kubeconfig. */
  readonly kubeconfigPath: string
  readonly timeoutMs: number
  /** Told of every try. */
  readonly onTry?: (result: ReviewResult, elapsedMs: number) => void
}

export type ReviewResult = 'success' | 'timeout' | 'error'

/** Answers a review (of a token, of access) that is posted to it. */
export interface ReviewWebhook {
  /** The review with its status. Rejects when the webhook cannot be asked, after some tries. */
  post(review: object): Promise<unknown>
}

/** After apiserver util/webhook DefaultRetryBackoffWithInitialDelay. */
const attempts = 5
const firstDelayMs = 500
const factor = 1.5
const jitter = 0.2

/** Throws a ConfigurationError. After apiserver util/webhook GenericWebhook v1.36. */
export function createReviewWebhook(options: ReviewWebhookOptions): ReviewWebhook {
  const { client, timeoutMs, clock, random, onTry = () => undefined } = options
  const { options: endpoint } = load(options.kubeconfigPath)
  const target = (): WebhookTarget => ({
    url: endpoint.url,
    ...(endpoint.certificateAuthority && { certificateAuthority: endpoint.certificateAuthority }),
    ...(endpoint.clientCertificate && { clientCertificate: endpoint.clientCertificate }),
    ...(endpoint.clientKey && { clientKey: endpoint.clientKey }),
    ...(endpoint.tlsServerName && { serverName: endpoint.tlsServerName }),
    ...(endpoint.insecureSkipTlsVerify && { insecureSkipTlsVerify: true }),
    ...tokenOf(endpoint.token?.()),
  })
  return {
    async post(review) {
      let delayMs = firstDelayMs
      for (let attempt = 1; ; attempt++) {
        const startMs = clock.monotonicMs()
        try {
          const answer = await client.call(target(), { body: review, timeoutMs })
          onTry('success', clock.monotonicMs() - startMs)
          return answer
        } catch (error) {
          onTry(failureOf(error), clock.monotonicMs() - startMs)
          if (attempt === attempts || !mayRetry(error)) throw error
          await clock.sleep(delayMs + random(Math.ceil(delayMs * jitter)))
          delayMs *= factor
        }
      }
    },
  }
}

function load(path: string): LoadedKubeconfig {
  try {
    return loadKubeconfig(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(`webhook configuration ${path}: ${why}`, { cause: error })
  }
}

function tokenOf(token: string | undefined): { readonly token?: string } {
  return token === undefined ? {} : { token }
}

/**
 * What may go well the next time. A connection that was refused is no such thing: that takes longer to heal.
 * After apiserver util/webhook DefaultShouldRetry.
 */
function mayRetry(error: unknown): boolean {
  if (isStatus(error)) {
    const asksForDelay = (error.status.details?.retryAfterSeconds ?? 0) > 0
    return asksForDelay || isStatus(error, 'InternalError', 'Timeout', 'TooManyRequests')
  }
  return error instanceof Error && /: EOF$|connection reset/.test(error.message)
}

/** What a try that failed counts as. */
export function failureOf(error: unknown): 'timeout' | 'error' {
  if (isStatus(error)) return error.code === 504 ? 'timeout' : 'error'
  return error instanceof Error && error.message.endsWith(deadlineExceeded) ? 'timeout' : 'error'
}

/** Answers that stay good for a while. Bounded. */
export class ExpiringCache<V> {
  readonly #clock: Clock
  readonly #entries: LeastRecentlyUsed<string, { readonly value: V; readonly untilMs: number }>

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock
    this.#entries = new LeastRecentlyUsed(capacity)
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    return entry && entry.untilMs > this.#clock.monotonicMs() ? entry.value : undefined
  }

  set(key: string, value: V, ttlMs: number): void {
    if (ttlMs > 0) this.#entries.set(key, { value, untilMs: this.#clock.monotonicMs() + ttlMs })
  }
}
