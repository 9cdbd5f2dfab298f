import type { NodeSelectorRequirement, NodeSelectorTerm } from '../api/types/core/v1.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import type { NodeView } from './cache.ts'
import type { PodObject } from './pod-object.ts'

type Requirement = DeepReadonly<NodeSelectorRequirement>

/** Whether a node satisfies the Pod's nodeSelector and required node affinity. After component-helpers/nodeaffinity. */
export function matchesRequiredNodeAffinity(pod: PodObject, node: NodeView): boolean {
  const { nodeSelector, affinity } = pod.spec ?? {}
  for (const key in nodeSelector) {
    if (node.labels[key] !== nodeSelector[key]) return false
  }
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node))
}

/** A term with neither expressions nor fields matches nothing. */
export function matchesTerm(
  { matchExpressions = [], matchFields = [] }: DeepReadonly<NodeSelectorTerm>,
  node: NodeView,
): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  return (
    matchExpressions.every((requirement) => matchesRequirement(requirement, node.labels[requirement.key])) &&
    matchFields.every((requirement) =>
      matchesRequirement(requirement, requirement.key === 'metadata.name' ? node.name : undefined),
    )
  )
}

function matchesRequirement({ operator, values = [] }: Requirement, actual: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return actual !== undefined && values.includes(actual)
    case 'NotIn':
      return actual === undefined || !values.includes(actual)
    case 'Exists':
      return actual !== undefined
    case 'DoesNotExist':
      return actual === undefined
    case 'Gt':
    case 'Lt': {
      const [number, bound] = [actual, values[0]].map((text) =>
        /^-?\d+$/.test(text ?? '') ? Number(text) : Number.NaN,
      )
      return operator === 'Gt' ? number! > bound! : number! < bound!
    }
    default:
      return false
  }
}
