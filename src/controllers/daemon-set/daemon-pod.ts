import type { DaemonSet } from '../../api/types/apps/v1.ts'
import type { Affinity, Pod, PodSpec, Toleration } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { podFromTemplate } from '../pod-control.ts'
import type { ReadonlyPod } from '../pods.ts'

export const revisionHashLabel = 'controller-revision-hash'
const generationLabel = 'pod-template-generation'
const generationAnnotation = 'deprecated.daemonset.template.generation'

const tolerated: readonly [key: string, effect: string][] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
]

/** The spec with the tolerations every daemon has: it belongs on nodes that are unwell too. */
export function daemonSpec(spec: DeepReadonly<PodSpec>): PodSpec {
  const keys = spec.hostNetwork
    ? [...tolerated, ['node.kubernetes.io/network-unavailable', 'NoSchedule'] as const]
    : tolerated
  const own = structuredClone(spec.tolerations ?? []) as Toleration[]
  const isSame = (a: Toleration, b: Toleration) => a.key === b.key && a.effect === b.effect && a.operator === b.operator
  const added = keys.map(([key, effect]): Toleration => ({ key, operator: 'Exists', effect }))
  const kept = own.filter((toleration) => !added.some((other) => isSame(toleration, other)))
  return { ...(structuredClone(spec) as PodSpec), tolerations: [...kept, ...added] }
}

/** The Pod for one node, which the scheduler places there. After daemon/util CreatePodTemplate. */
export function daemonPod(owner: DeepReadonly<DaemonSet>, nodeName: string, hash: string): Pod {
  const pod = podFromTemplate(owner, owner.spec?.template)
  const generation = owner.metadata?.annotations?.[generationAnnotation]
  const labels = {
    ...pod.metadata?.labels,
    ...(generation === undefined ? {} : { [generationLabel]: generation }),
    [revisionHashLabel]: hash,
  }
  const spec = daemonSpec(pod.spec!)
  return {
    ...pod,
    metadata: { ...pod.metadata, labels },
    spec: { ...spec, affinity: pinnedTo(nodeName, spec.affinity) },
  }
}

function pinnedTo(nodeName: string, affinity: Affinity = {}): Affinity {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [nodeName] }]
  const requiredDuringSchedulingIgnoredDuringExecution = { nodeSelectorTerms: [{ matchFields }] }
  return { ...affinity, nodeAffinity: { ...affinity.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution } }
}

/** The node a daemon Pod is on, or is meant for. */
export function targetNodeOf({ spec }: ReadonlyPod): string | undefined {
  if (spec?.nodeName) return spec.nodeName
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  const field = terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === 'metadata.name')
  return field?.values?.[0]
}

export function isCurrent({ metadata }: ReadonlyPod, hash: string): boolean {
  return metadata?.labels?.[revisionHashLabel] === hash
}
