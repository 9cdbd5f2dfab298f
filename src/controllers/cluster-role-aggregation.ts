import type { ClusterRole, PolicyRule } from '../api/types/rbac/v1.ts'
import { clusterRoles } from '../api/types/resources.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import { type Controller, watch } from './controller.ts'
import { selectorMatches } from './label-match.ts'
import { canonical } from './pod-template-hash.ts'

/** Fills roles such as `admin`, `edit` and `view` with the rules of those they select. After pkg/controller/clusterroleaggregation. */
export const clusterRoleAggregation: Controller = {
  name: 'clusterrole-aggregation-controller',
  serviceAccount: 'clusterrole-aggregation-controller',
  create: ({ client, informers }) => {
    const roles = informers.informerFor(clusterRoles)
    const aggregating = () => roles.list().filter(({ aggregationRule }) => aggregationRule !== undefined)
    return {
      watches: [watch(roles, () => aggregating().map(({ metadata }) => metadata.name))],
      async reconcile(name) {
        const role = roles.get(name)
        if (!role?.aggregationRule) return undefined
        const rules = aggregatedRules(role, roles.list())
        if (canonical(role.rules ?? []) === canonical(rules)) return undefined
        await client.of(clusterRoles).update({ ...(structuredClone(role) as ClusterRole), rules })
        return undefined
      },
    }
  },
}

/** The rules of all selected roles, in the order of their names, each once. */
export function aggregatedRules(
  role: DeepReadonly<ClusterRole>,
  all: readonly DeepReadonly<ClusterRole>[],
): PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? []
  const rules = new Map<string, DeepReadonly<PolicyRule>>()
  for (const selector of selectors) {
    const selected = all
      .filter(({ metadata }) => metadata?.name !== role.metadata?.name && selectorMatches(selector, metadata?.labels))
      .toSorted((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))
    for (const rule of selected.flatMap((other) => other.rules ?? []))
      rules.set(canonical(rule), rules.get(canonical(rule)) ?? rule)
  }
  return structuredClone([...rules.values()]) as PolicyRule[]
}
