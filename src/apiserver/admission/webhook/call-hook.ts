import { badRequest } from '../../../machinery/errors.ts'
import { type Status, StatusError } from '../../../machinery/status.ts'
import type { WebhookClient } from '../../webhook/webhook-client.ts'
import {
  admissionReview,
  type ReviewResponse,
  type ReviewVersion,
  reviewVersion,
  type VersionedRequest,
  verifyResponse,
} from './admission-review.ts'
import type { AnyWebhook, Hook } from './hooks.ts'

/** A webhook that could not be asked, or answered nonsense: its failure policy decides. */
export class CallingWebhookError extends Error {
  /** The HTTP status that says most of what went wrong; metrics show it. */
  readonly code: number

  constructor(webhook: string, reason: string, { code, ...options }: ErrorOptions & { readonly code: number }) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${reason}`, options)
    this.code = code
    this.name = 'CallingWebhookError'
  }
}

/** A webhook that was asked, and said no. */
export class WebhookDenial extends StatusError {}

export interface HookCall<W extends AnyWebhook> {
  readonly hook: Hook<W>
  readonly request: VersionedRequest
  readonly mutating: boolean
  readonly client: WebhookClient
}

const safeSideEffects: readonly string[] = ['None', 'NoneOnDryRun']
const defaultTimeoutSeconds = 10

/**
 * Asks a webhook and passes on its warnings and audit annotations. Throws a StatusError when it refuses, and a
 * CallingWebhookError when it cannot be asked. After apiserver webhook/{mutating,validating}/dispatcher.go v1.36.
 */
export async function callHook<W extends AnyWebhook>(call: HookCall<W>): Promise<ReviewResponse> {
  const { hook, request } = call
  const { name, sideEffects } = hook.webhook
  const { attributes } = request
  if (attributes.dryRun && !safeSideEffects.includes(sideEffects)) {
    throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`)
  }
  const response = await ask(call)
  for (const [key, value] of Object.entries(response.auditAnnotations)) {
    attributes.annotate(`${name}/${key}`, value, 'Metadata')
  }
  for (const warning of response.warnings) attributes.warn(warning)
  if (!response.allowed) throw denial(name, response.status ?? {})
  return response
}

async function ask<W extends AnyWebhook>(call: HookCall<W>): Promise<ReviewResponse> {
  const { hook, mutating } = call
  const { name, admissionReviewVersions } = hook.webhook
  const uid = crypto.randomUUID()
  const version = attempt(name, 400, 'could not create admission objects', () => reviewVersion(admissionReviewVersions))
  const review = await post(call, uid, version)
  const expected = { uid, version, mutating }
  return attempt(name, 503, 'received invalid webhook response', () => verifyResponse(review, expected))
}

async function post<W extends AnyWebhook>(call: HookCall<W>, uid: string, version: ReviewVersion): Promise<unknown> {
  const { hook, request, client } = call
  const { name, timeoutSeconds = defaultTimeoutSeconds } = hook.webhook
  const target = attempt(name, 500, 'could not get REST client', hook.target)
  try {
    return await client.call(target, {
      body: admissionReview(uid, version, request),
      timeoutMs: timeoutSeconds * 1_000,
      signal: request.attributes.signal,
    })
  } catch (error) {
    const code = error instanceof StatusError ? error.code : 503
    throw failedCall(name, 'failed to call webhook', { code, cause: error })
  }
}

function attempt<T>(webhook: string, code: number, what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw failedCall(webhook, what, { code, cause: error })
  }
}

function failedCall(
  webhook: string,
  what: string,
  { code, cause }: { readonly code: number; readonly cause: unknown },
): CallingWebhookError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new CallingWebhookError(webhook, `${what}: ${text}`, { code, cause })
}

/** What the client is told when a webhook refuses. After webhook/errors ToStatusErr v1.36. */
export function denial(webhook: string, { code = 0, message, reason, details }: Partial<Status>): WebhookDenial {
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`
  const why = message || reason
  return new WebhookDenial({
    message: why ? `${denied}: ${why}` : `${denied} without explanation`,
    ...(reason && { reason }),
    ...(details && { details }),
    code: Math.max(code, 400),
  })
}
