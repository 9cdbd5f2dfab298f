import type { AdmissionMetrics, RejectionCause, WebhookCallOutcome } from '../admission-metrics.ts'
import { CallingWebhookError, WebhookDenial } from './call-hook.ts'
import type { AnyWebhook, Hook } from './hooks.ts'

interface MeasuredCall<W extends AnyWebhook> extends Pick<WebhookCallOutcome, 'type' | 'operation'> {
  readonly hook: Hook<W>
}

/** Does `call`, and notes how long it took and what came of it. */
export async function measureCall<W extends AnyWebhook, T>(
  metrics: AdmissionMetrics,
  { hook: { webhook }, type, operation }: MeasuredCall<W>,
  call: () => Promise<T>,
): Promise<T> {
  const startMs = metrics.nowMs()
  const note = (code: number, cause?: RejectionCause) => {
    const elapsedMs = metrics.nowMs() - startMs
    const outcome = { name: webhook.name, type, operation, elapsedMs, code, rejected: cause !== undefined }
    metrics.webhook({ ...outcome, ...(cause && { cause }) })
  }
  try {
    const result = await call()
    note(200)
    return result
  } catch (error) {
    if (error instanceof WebhookDenial) note(error.code, 'no_error')
    else if (!(error instanceof CallingWebhookError)) note(0, 'apiserver_internal_error')
    else if (webhook.failurePolicy === 'Ignore') note(error.code)
    else note(error.code, 'calling_webhook_error')
    throw error
  }
}
