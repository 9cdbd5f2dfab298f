import { define } from '../define.ts'
import { ageColumn, integer, nameColumn } from '../printing.ts'
import type { MutatingWebhook, ValidatingWebhook } from '../types/admissionregistration/v1.ts'
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from '../types/resources.ts'
import { validateWebhooks } from '../validation/webhooks.ts'

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
  validate: validateWebhooks,
  validateUpdate: validateWebhooks,
  applyDefaults: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) applyWebhookDefaults(webhook)
  },
  generationFields: ['webhooks'],
  allowUnconditionalUpdate: false,
  columns: [nameColumn, integer('Webhooks', (object) => object.webhooks?.length), ageColumn],
})

export const mutatingWebhookConfiguration = define(mutatingWebhookConfigurations, {
  validate: validateWebhooks,
  validateUpdate: validateWebhooks,
  applyDefaults: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) {
      applyWebhookDefaults(webhook)
      webhook.reinvocationPolicy ??= 'Never'
    }
  },
  generationFields: ['webhooks'],
  allowUnconditionalUpdate: false,
  columns: [nameColumn, integer('Webhooks', (object) => object.webhooks?.length), ageColumn],
})
