import type { DeepReadonly } from '../../machinery/object.ts'
import type { LabelSelector } from '../types/meta/v1.ts'

/** Labels of nodes that have newer names, and what to say about them. After kubernetes pkg/api/node/util.go v1.36. */
export const deprecatedNodeLabels: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
])

/** What is old in a selector of nodes by labels. After GetWarningsForNodeSelector. */
export function nodeLabelSelectorWarnings(selector: DeepReadonly<LabelSelector> | undefined, path: string): string[] {
  const warnings: string[] = []
  selector?.matchExpressions?.forEach(({ key }, index) => {
    const why = deprecatedNodeLabels.get(key)
    if (why !== undefined) warnings.push(`${path}.matchExpressions[${index}].key: ${key} is ${why}`)
  })
  for (const label of Object.keys(selector?.matchLabels ?? {})) {
    const why = deprecatedNodeLabels.get(label)
    if (why !== undefined) warnings.push(`${path}.matchLabels.${label}: ${why}`)
  }
  return warnings
}
