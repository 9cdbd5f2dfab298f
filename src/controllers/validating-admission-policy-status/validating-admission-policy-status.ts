import { type CheckedKind, expressionWarnings } from '../../api/admissionregistration/type-check.ts'
import type { ExpressionWarning, ValidatingAdmissionPolicySpec } from '../../api/types/admissionregistration/v1.ts'
import { validatingAdmissionPolicies } from '../../api/types/resources.ts'
import { apiVersionOf, type DeepReadonly, parseApiVersion } from '../../machinery/object.ts'
import { type Controller, watch } from '../controller.ts'
import { checkedResources } from './checked-resources.ts'
import { ServedTypes } from './served-types.ts'

const fieldManager = 'validatingadmissionpolicy-status'

/**
 * Tells in a policy's status what its expressions ask of kinds that do not have it. After
 * pkg/controller/validatingadmissionpolicystatus v1.36.
 */
export const validatingAdmissionPolicyStatus: Controller = {
  name: 'validatingadmissionpolicy-status-controller',
  serviceAccount: 'validatingadmissionpolicy-status-controller',
  create: ({ client, informers }) => {
    const policies = informers.informerFor(validatingAdmissionPolicies)
    return {
      watches: [watch(policies, ({ object }) => [object.metadata.name])],
      async reconcile(name, signal) {
        const policy = policies.get(name)
        if (!policy) return undefined
        const generation = policy.metadata.generation ?? 0
        if (generation <= (policy.status?.observedGeneration ?? 0)) return undefined
        const warnings = await warningsOf(policy.spec ?? {}, new ServedTypes(client.transport, signal))
        const typeChecking = warnings.length > 0 ? { expressionWarnings: warnings } : {}
        const { kind } = validatingAdmissionPolicies
        const apiVersion = apiVersionOf(validatingAdmissionPolicies)
        const status = { observedGeneration: generation, typeChecking }
        const options = { type: 'apply', subresource: 'status', force: true, fieldManager } as const
        const body = { apiVersion, kind, metadata: { name }, status }
        await client.of(validatingAdmissionPolicies).patch(name, body, { ...options, signal })
        return undefined
      },
    }
  },
}

async function warningsOf(
  spec: DeepReadonly<ValidatingAdmissionPolicySpec>,
  served: ServedTypes,
): Promise<ExpressionWarning[]> {
  const rules = spec.matchConstraints?.resourceRules ?? []
  const versions = new Set(rules.flatMap(({ apiVersions = [] }) => apiVersions))
  const kinds: CheckedKind[] = []
  for (const { group, version, kind } of checkedResources(rules, await served.resources(versions))) {
    const type = await served.type({ group, version, kind })
    if (type) kinds.push({ group, version, kind, type })
  }
  const { apiVersion = '', kind = '' } = spec.paramKind ?? {}
  const params = spec.paramKind && (await served.type({ ...parseApiVersion(apiVersion), kind }))
  return expressionWarnings(spec, { kinds, params })
}
