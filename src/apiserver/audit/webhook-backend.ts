import { isStatus } from '../../machinery/status.ts'
import type { Clock, Timer } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { WebhookClient, WebhookTarget } from '../webhook/webhook-client.ts'
import type { AuditBackend, AuditEvent } from './audit-event.ts'

export interface AuditWebhookOptions {
  readonly target: WebhookTarget
  readonly client: WebhookClient
  readonly clock: Clock
  readonly log: Logger
}

/** Upstream's defaults of --audit-webhook-batch-*, and of its retries. */
const bufferSize = 10_000
const batchSize = 400
const maxWaitMs = 30_000
const timeoutMs = 30_000
const initialBackoffMs = 10_000
const backoffFactor = 1.5
const attempts = 5
/** At most so many batches at once are on their way. */
const concurrentBatches = 15

/**
 * Sends events in batches to another server. Requests never wait for it: what does not fit the buffer is dropped, and
 * said so in the log. After apiserver plugin/pkg/audit/{buffered,webhook} v1.36.
 */
export function createAuditWebhook(options: AuditWebhookOptions): AuditBackend {
  return new BatchingWebhook(options)
}

class BatchingWebhook implements AuditBackend {
  readonly #options: AuditWebhookOptions
  readonly #closing = new AbortController()
  readonly #sending = new Set<Promise<void>>()
  #waiting: AuditEvent[] = []
  #timer: Timer | undefined

  constructor(options: AuditWebhookOptions) {
    this.#options = options
  }

  write(event: AuditEvent): void {
    if (this.#waiting.length >= bufferSize) {
      this.#options.log.error('an audit event was dropped: the buffer is full', { auditID: event.auditID })
      return
    }
    this.#waiting.push(event)
    if (this.#waiting.length >= batchSize) this.#send()
    else this.#timer ??= this.#options.clock.setTimer(maxWaitMs, () => this.#send()).unref()
  }

  async close(): Promise<void> {
    while (this.#waiting.length > 0 && this.#sending.size < concurrentBatches) this.#send()
    this.#closing.abort()
    await Promise.all(this.#sending)
  }

  #send(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#waiting.length === 0 || this.#sending.size >= concurrentBatches) return
    const batch = this.#waiting.splice(0, batchSize)
    const sent = this.#deliver(batch).finally(() => {
      this.#sending.delete(sent)
      if (this.#waiting.length >= batchSize) this.#send()
      else if (this.#waiting.length > 0)
        this.#timer ??= this.#options.clock.setTimer(maxWaitMs, () => this.#send()).unref()
    })
    this.#sending.add(sent)
  }

  async #deliver(items: readonly AuditEvent[]): Promise<void> {
    const { client, target, clock, log } = this.#options
    const body = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: items.map(withoutTypeMeta) }
    for (let attempt = 1; ; attempt++) {
      try {
        await client.call(target, { body, timeoutMs })
        return
      } catch (error) {
        // What a closing server cannot deliver at once is lost: nobody would be there to try again.
        if (attempt >= attempts || !mayPass(error) || this.#closing.signal.aborted) {
          log.error('audit events could not be delivered', { error, events: items.length })
          return
        }
        await clock.sleep(initialBackoffMs * backoffFactor ** (attempt - 1), this.#closing.signal)
      }
    }
  }
}

/** Items of a typed list have no kind in Go's JSON. */
function withoutTypeMeta({ kind: _kind, apiVersion: _apiVersion, ...event }: AuditEvent): object {
  return event
}

/** Whether it is worth trying again. After util/webhook DefaultShouldRetry. */
function mayPass(error: unknown): boolean {
  if (!isStatus(error)) return true
  return error.code === 429 || error.code >= 500
}
