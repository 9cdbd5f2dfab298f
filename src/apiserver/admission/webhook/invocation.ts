import { forbidden, internalError } from '../../../machinery/errors.ts'
import type { Logger } from '../../../platform/log.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { WebhookClient } from '../../webhook/webhook-client.ts'
import type { AdmissionAttributes } from '../admission.ts'
import type { AdmissionMetrics } from '../admission-metrics.ts'
import { requestAuthorizers, settled } from '../policy/authorizers.ts'
import { evaluateConditions, measureConditions } from '../policy/match-conditions.ts'
import type { VersionedRequest } from './admission-review.ts'
import type { AnyWebhook, Hook } from './hooks.ts'
import { type MatchServices, matchRequest, type RequestMatch } from './match-request.ts'
import { versionedRequest } from './versioned-request.ts'

export interface WebhookServices extends MatchServices {
  readonly webhookClient: WebhookClient
  readonly log: Logger
  readonly authorizer: Authorizer
  readonly metrics: AdmissionMetrics
}

/** A webhook that a request concerns, and the request as it is to be shown to it. */
export interface Invocation<W extends AnyWebhook> {
  readonly hook: Hook<W>
  readonly request: VersionedRequest
}

/** Undefined: the webhook is not concerned. Throws a StatusError. After webhook/generic ShouldCallHook v1.36. */
export async function invocationOf<W extends AnyWebhook>(
  hook: Hook<W>,
  attributes: AdmissionAttributes,
  services: WebhookServices,
): Promise<Invocation<W> | undefined> {
  const match = matchRequest(hook.criteria, attributes, services)
  if (!match) return undefined
  const request = await asMatched(attributes, match)
  return (await fulfilsConditions(hook, request, services)) ? { hook, request } : undefined
}

async function asMatched(attributes: AdmissionAttributes, match: RequestMatch): Promise<VersionedRequest> {
  try {
    return await versionedRequest(attributes, match)
  } catch (error) {
    throw internalError(error)
  }
}

/** Throws 403 for conditions that go wrong where failures count. */
async function fulfilsConditions<W extends AnyWebhook>(
  { conditions, webhook, step }: Hook<W>,
  request: VersionedRequest,
  { authorizer, metrics }: WebhookServices,
): Promise<boolean> {
  if (!conditions) return true
  const { attributes } = request
  const authorizers = requestAuthorizers(authorizer, attributes)
  const owner = { name: webhook.name, kind: 'webhook', type: step, operation: attributes.operation } as const
  const result = await measureConditions(metrics, owner, () =>
    settled(() => evaluateConditions(conditions, { request, authorizers })),
  )
  if (result.error === undefined) return result.matches
  const { group, plural: resource } = attributes.definition
  throw forbidden({ group, resource }, attributes.name, result.error)
}
