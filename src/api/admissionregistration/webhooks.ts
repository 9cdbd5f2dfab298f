import { define } from '../define.ts'
import { ageColumn, integer, nameColumn } from '../printing.ts'
import type { MutatingWebhook, ValidatingWebhook } from '../types/admissionregistration/v1.ts'
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from '../types/resources.ts'
import { validateWebhooks, validateWebhooksUpdate } from '../validation/admissionregistration/webhooks.ts'
import { everyKind } from './every-kind.ts'

function applyWebhookDefaults(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= 'Fail'
  webhook.matchPolicy ??= 'Equivalent'
  webhook.namespaceSelector ??= {}
  webhook.objectSelector ??= {}
  webhook.timeoutSeconds ??= 10
  if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443
  for (const rule of webhook.rules ?? []) rule.scope ??= '*'
}

export const validatingWebhookConfiguration = define(validatingWebhookConfigurations, {
  ...everyKind,
  validate: validateWebhooks,
  validateUpdate: validateWebhooksUpdate,
  applyDefaults: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) applyWebhookDefaults(webhook)
  },
  generationFields: ['webhooks'],
  columns: [nameColumn, integer('Webhooks', (object) => object.webhooks?.length), ageColumn],
})

export const mutatingWebhookConfiguration = define(mutatingWebhookConfigurations, {
  ...everyKind,
  validate: validateWebhooks,
  validateUpdate: validateWebhooksUpdate,
  applyDefaults: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) {
      applyWebhookDefaults(webhook)
      webhook.reinvocationPolicy ??= 'Never'
    }
  },
  generationFields: ['webhooks'],
  columns: [nameColumn, integer('Webhooks', (object) => object.webhooks?.length), ageColumn],
})
