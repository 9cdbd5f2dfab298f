import type { MutatingWebhook, ValidatingWebhook } from '../../../api/types/admissionregistration/v1.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { Held } from '../../object-reader.ts'
import type { WebhookClient, WebhookTarget } from '../../webhook/webhook-client.ts'
import type { Step } from '../admission-metrics.ts'
import { type MatchConditions, matchConditions } from '../policy/match-conditions.ts'
import { type MatchCriteria, matchCriteria } from './match-request.ts'

/** One webhook of a configuration, made ready to be called. After apiserver webhook/accessors.go v1.36. */
export interface Hook<W extends AnyWebhook = AnyWebhook> {
  /** Unique among all hooks, the same for every revision of the configuration. */
  readonly id: string
  readonly configuration: string
  readonly webhook: DeepReadonly<W>
  readonly criteria: MatchCriteria
  /** The phase it is asked in. */
  readonly step: Step
  /** Undefined: none. */
  readonly conditions: MatchConditions | undefined
  /** Throws when the client configuration makes no sense. */
  readonly target: () => WebhookTarget
}

export type AnyWebhook = MutatingWebhook | ValidatingWebhook

interface Configuration<W extends AnyWebhook> extends KubeObject {
  webhooks?: W[]
}

/** The hooks of one configuration, in its order. */
export function hooksOf<W extends AnyWebhook>(
  configuration: Held<Configuration<W>>,
  client: WebhookClient,
  step: Step,
): Hook<W>[] {
  const { name } = configuration.metadata
  const seen = new Map<string, number>()
  const webhooks = (configuration as { readonly webhooks?: readonly DeepReadonly<W>[] }).webhooks ?? []
  return webhooks.map((webhook) => {
    // Names may come twice in configurations from before that was refused.
    const count = seen.get(webhook.name) ?? 0
    seen.set(webhook.name, count + 1)
    const rules = { rules: webhook.rules ?? [], excludeRules: [], matchesWithoutRules: false }
    return {
      id: `${name}/${webhook.name}/${count}`,
      configuration: name,
      webhook,
      step,
      criteria: matchCriteria(webhook, rules),
      conditions: matchConditions(webhook.matchConditions, webhook.failurePolicy, { hasParams: false }),
      target: () => client.target(webhook.clientConfig),
    }
  })
}
