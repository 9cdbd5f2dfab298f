import { tolerates } from '../../api/core/tolerations.ts'
import type { Node, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { labelsMatch } from '../label-match.ts'

export interface NodeFit {
  /** A Pod is to be started there. */
  readonly shouldRun: boolean
  /** One that is there may stay. */
  readonly shouldContinue: boolean
}

const no: NodeFit = { shouldRun: false, shouldContinue: false }

/** Whether a node is for these Pods. After pkg/controller/daemon NodeShouldRunDaemonPod. */
export function nodeFit(spec: DeepReadonly<PodSpec>, node: DeepReadonly<Node>): NodeFit {
  if (spec.nodeName && spec.nodeName !== node.metadata?.name) return no
  if (!labelsMatch(spec.nodeSelector ?? {}, node.metadata?.labels)) return no
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  if (required && !required.nodeSelectorTerms.some((term) => termMatches(term, node))) return no
  const untolerated = (node.spec?.taints ?? []).filter(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' &&
      !(spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  )
  if (untolerated.length === 0) return { shouldRun: true, shouldContinue: true }
  return { shouldRun: false, shouldContinue: untolerated.every(({ effect }) => effect !== 'NoExecute') }
}

/** An empty term matches nothing. */
function termMatches(
  { matchExpressions = [], matchFields = [] }: DeepReadonly<NodeSelectorTerm>,
  node: DeepReadonly<Node>,
): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const name = node.metadata?.name
  return (
    matchExpressions.every((requirement) =>
      requirementMatches(requirement, node.metadata?.labels?.[requirement.key]),
    ) && matchFields.every((field) => requirementMatches(field, field.key === 'metadata.name' ? name : undefined))
  )
}

type Operator = (value: string | undefined, values: readonly string[]) => boolean

const operators: Readonly<Record<string, Operator>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
  Gt: (value, [limit]) => isInteger(value) && isInteger(limit) && BigInt(value) > BigInt(limit),
  Lt: (value, [limit]) => isInteger(value) && isInteger(limit) && BigInt(value) < BigInt(limit),
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?\d+$/.test(text)
}

function requirementMatches(
  { operator, values }: DeepReadonly<NodeSelectorRequirement>,
  value: string | undefined,
): boolean {
  return operators[operator]?.(value, values ?? []) ?? false
}
