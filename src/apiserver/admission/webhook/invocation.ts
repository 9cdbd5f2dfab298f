import type { Logger } from '../../../platform/log.ts'
import type { WebhookClient } from '../../webhook/webhook-client.ts'
import type { AdmissionAttributes } from '../admission.ts'
import type { VersionedRequest } from './admission-review.ts'
import { convertObject } from './convert.ts'
import type { AnyWebhook, Hook } from './hooks.ts'
import { type MatchServices, matchRequest, type RequestMatch } from './match-request.ts'

export interface WebhookServices extends MatchServices {
  readonly webhookClient: WebhookClient
  readonly log: Logger
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
  return match && { hook, request: versionedRequest(attributes, match) }
}

/** The objects of a request in the matched version. */
export function versionedRequest(attributes: AdmissionAttributes, match: RequestMatch): VersionedRequest {
  const { definition, object, oldObject } = attributes
  return {
    attributes,
    match,
    object: object && convertObject(object, definition, match.definition),
    oldObject: oldObject && convertObject(oldObject, definition, match.definition),
  }
}
