import type { NamespaceCondition } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'
import { messageOf } from '../pod-control.ts'

/** What one attempt to empty a namespace found. */
export interface Remains {
  readonly discoveryFailures: readonly { readonly groupVersion: string; readonly error: unknown }[]
  readonly deletionErrors: readonly unknown[]
  /** `pods.` or `deployments.apps` → how many are left. */
  readonly resources: ReadonlyMap<string, number>
  /** Finalizer → on how many objects. */
  readonly finalizers: ReadonlyMap<string, number>
}

interface Finding {
  readonly type: string
  readonly okReason: string
  readonly okMessage: string
  readonly problem: (remains: Remains) => { reason: string; message: string } | undefined
}

/** In upstream's order and words: namespace/deletion status_condition_utils.go. */
const findings: readonly Finding[] = [
  {
    type: 'NamespaceDeletionDiscoveryFailure',
    okReason: 'ResourcesDiscovered',
    okMessage: 'All resources successfully discovered',
    problem: ({ discoveryFailures }) => {
      if (discoveryFailures.length === 0) return undefined
      const texts = discoveryFailures.map(({ groupVersion, error }) => `${groupVersion}: ${messageOf(error)}`)
      const summary = `unable to retrieve the complete list of server APIs: ${texts.join(', ')}`
      const message = `Discovery failed for some groups, ${texts.length} failing: ${summary}`
      return { reason: 'DiscoveryFailed', message }
    },
  },
  {
    type: 'NamespaceDeletionGroupVersionParsingFailure',
    okReason: 'ParsedGroupVersions',
    okMessage: 'All legacy kube types successfully parsed',
    problem: () => undefined,
  },
  {
    type: 'NamespaceDeletionContentFailure',
    okReason: 'ContentDeleted',
    okMessage: 'All content successfully deleted, may be waiting on finalization',
    problem: ({ deletionErrors }) => {
      if (deletionErrors.length === 0) return undefined
      const texts = deletionErrors.map(messageOf).sort()
      const message = `Failed to delete all resource types, ${texts.length} remaining: ${texts.join(', ')}`
      return { reason: 'ContentDeletionFailed', message }
    },
  },
  {
    type: 'NamespaceContentRemaining',
    okReason: 'ContentRemoved',
    okMessage: 'All content successfully removed',
    problem: ({ resources }) => {
      if (resources.size === 0) return undefined
      const texts = [...resources].map(([resource, count]) => `${resource} has ${count} resource instances`).sort()
      return { reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${texts.join(', ')}` }
    },
  },
  {
    type: 'NamespaceFinalizersRemaining',
    okReason: 'ContentHasNoFinalizers',
    okMessage: 'All content-preserving finalizers finished',
    problem: ({ finalizers }) => {
      if (finalizers.size === 0) return undefined
      const texts = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort()
      const message = `Some content in the namespace has finalizers remaining: ${texts.join(', ')}`
      return { reason: 'SomeFinalizersRemain', message }
    },
  },
]

/** The conditions after an attempt, or undefined when they say the same as before. */
export function namespaceConditions(
  present: readonly DeepReadonly<NamespaceCondition>[],
  remains: Remains,
  nowMs: number,
): NamespaceCondition[] | undefined {
  const known = new Set(findings.map(({ type }) => type))
  const others = present.filter(({ type }) => !known.has(type))
  const renewed = findings.map((finding) => conditionFor(finding, present, remains, nowMs))
  const conditions = [...others, ...renewed] as NamespaceCondition[]
  const text = (list: readonly DeepReadonly<NamespaceCondition>[]) =>
    JSON.stringify(list.map(({ type, status, reason, message }) => [type, status, reason, message]).sort())
  return text(conditions) === text(present) ? undefined : conditions
}

function conditionFor(
  { type, okReason, okMessage, problem }: Finding,
  present: readonly DeepReadonly<NamespaceCondition>[],
  remains: Remains,
  nowMs: number,
): NamespaceCondition {
  const found = problem(remains)
  const status = found ? 'True' : 'False'
  const before = present.find((condition) => condition.type === type)
  const lastTransitionTime = before?.status === status ? before.lastTransitionTime : undefined
  return {
    type,
    status,
    lastTransitionTime: lastTransitionTime ?? formatTime(nowMs),
    ...(found ?? { reason: okReason, message: okMessage }),
  }
}
