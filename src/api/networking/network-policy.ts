import { define } from '../define.ts'
import { ageColumn, formatLabelSelector, nameColumn, text } from '../printing.ts'
import type { NetworkPolicy } from '../types/networking/v1.ts'
import { networkPolicies } from '../types/resources.ts'
import {
  networkPolicyWarnings,
  validateNetworkPolicy,
  validateNetworkPolicyUpdate,
} from '../validation/network-policy.ts'

function applyDefaults({ spec }: NetworkPolicy): void {
  if (!spec) return
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of ports ?? []) port.protocol ??= 'TCP'
  }
}

export const networkPolicy = define(networkPolicies, {
  validate: validateNetworkPolicy,
  validateUpdate: validateNetworkPolicyUpdate,
  warnings: networkPolicyWarnings,
  applyDefaults,
  generationFields: ['spec'],
  columns: [nameColumn, text('Pod-Selector', (object) => formatLabelSelector(object.spec?.podSelector)), ageColumn],
})
