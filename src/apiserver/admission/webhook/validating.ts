import type { ValidatingWebhook } from '../../../api/types/admissionregistration/v1.ts'
import { validatingWebhookConfigurations } from '../../../api/types/resources.ts'
import { internalError, timeout } from '../../../machinery/errors.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { CallingWebhookError, callHook } from './call-hook.ts'
import { compiledObjects } from './compiled-objects.ts'
import { type Hook, hooksOf } from './hooks.ts'
import { type Invocation, invocationOf, type WebhookServices } from './invocation.ts'
import { measureCall } from './measure-call.ts'
import { isExempt } from './request-kind.ts'

/** Asks all webhooks that a write concerns, at the same time. After webhook/validating/dispatcher.go v1.36. */
export function validatingAdmissionWebhook(services: WebhookServices): AdmissionPlugin {
  const hooks = compiledObjects(services.reader, validatingWebhookConfigurations, (configuration) =>
    hooksOf<ValidatingWebhook>(configuration, services.webhookClient, 'validate'),
  )
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async validate(attributes) {
      const all = hooks()
      if (all.length === 0 || isExempt(attributes)) return
      const concerned: Invocation<ValidatingWebhook>[] = []
      for (const hook of all.flat()) {
        const invocation = await invocationOf(hook, attributes, services)
        if (invocation) concerned.push(invocation)
      }
      if (concerned.length > 0) await askAll(concerned, attributes, services)
    },
  }
}

/** Waits for all, so that each leaves its warnings; of several refusals one is told. */
async function askAll(
  concerned: readonly Invocation<ValidatingWebhook>[],
  attributes: AdmissionAttributes,
  services: WebhookServices,
): Promise<void> {
  if (attributes.signal.aborted) throw timeout('request did not complete within requested timeout', 0)
  const answers = await Promise.allSettled(concerned.map((invocation, index) => ask(invocation, index, services)))
  const refusal = answers.find((answer) => answer.status === 'rejected')
  if (refusal) throw refusal.reason
}

async function ask(
  { hook, request }: Invocation<ValidatingWebhook>,
  index: number,
  { webhookClient: client, log, metrics }: WebhookServices,
): Promise<void> {
  try {
    const call = { hook, type: 'validating', operation: request.attributes.operation } as const
    await measureCall(metrics, call, () => callHook({ hook, request, mutating: false, client }))
  } catch (error) {
    if (!(error instanceof CallingWebhookError)) throw error
    if (hook.webhook.failurePolicy !== 'Ignore') throw internalError(error)
    metrics.webhookFailedOpen(hook.webhook.name, 'validating')
    failOpen(hook, index, request.attributes)
    log.warn('a webhook could not be called, its failure is ignored', { webhook: hook.webhook.name, error })
  }
}

function failOpen({ webhook }: Hook<ValidatingWebhook>, index: number, attributes: AdmissionAttributes): void {
  const key = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`
  attributes.annotate(key, webhook.name, 'Metadata')
}
