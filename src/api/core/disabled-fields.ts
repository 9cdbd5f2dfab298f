import type { DeepReadonly } from '../../machinery/object.ts'
import type { PodSpec, PodStatus } from '../types/core/v1.ts'

/**
 * Fields behind gates that are off by default are dropped, unless the object that is there uses them. After pkg/api/pod
 * dropDisabledFields v1.36.
 */
export function dropDisabledPodFields(spec: PodSpec | undefined, old?: DeepReadonly<PodSpec>): void {
  if (!spec) return
  dropProjections(spec, old, 'clusterTrustBundle')
  dropProjections(spec, old, 'podCertificate')
  if (spec.schedulingGroup && !old?.schedulingGroup) delete spec.schedulingGroup
  dropStopSignals(spec, old)
}

function dropProjections(
  { volumes }: PodSpec,
  old: DeepReadonly<PodSpec> | undefined,
  field: 'clusterTrustBundle' | 'podCertificate',
): void {
  const isUsed = old?.volumes?.some(({ projected }) => projected?.sources?.some((source) => source[field]))
  if (isUsed) return
  for (const { projected } of volumes ?? []) {
    for (const source of projected?.sources ?? []) delete source[field]
  }
}

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const

function dropStopSignals(spec: PodSpec, old: DeepReadonly<PodSpec> | undefined): void {
  const isUsed = lists.some((list) => old?.[list]?.some(({ lifecycle }) => lifecycle?.stopSignal !== undefined))
  if (isUsed) return
  for (const list of lists) {
    for (const container of spec[list] ?? []) {
      if (container.lifecycle?.stopSignal === undefined) continue
      delete container.lifecycle.stopSignal
      if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle
    }
  }
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

/** The same for what is reported. After pkg/api/pod dropDisabledPodStatusFields v1.36. */
export function dropDisabledStatusFields(status: PodStatus, old?: DeepReadonly<PodStatus>): void {
  if (!old?.nodeAllocatableResourceClaimStatuses?.length) delete status.nodeAllocatableResourceClaimStatuses
  const usesDigests = statusLists.some((list) =>
    old?.[list]?.some(({ volumeMounts }) => volumeMounts?.some(({ volumeStatus }) => volumeStatus?.image)),
  )
  if (usesDigests) return
  const mounts = statusLists.flatMap((list) => (status[list] ?? []).flatMap(({ volumeMounts }) => volumeMounts ?? []))
  for (const mount of mounts) delete mount.volumeStatus
}
