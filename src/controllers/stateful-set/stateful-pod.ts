import type { StatefulSet } from '../../api/types/apps/v1.ts'
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { podFromTemplate } from '../pod-control.ts'
import type { ReadonlyPod } from '../pods.ts'

export type ReadonlyStatefulSet = DeepReadonly<StatefulSet>

export const revisionLabel = 'controller-revision-hash'
const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'

/** The number at the end of the Pod's name; undefined when the name is not made of the set's. */
export function ordinalOf(set: ReadonlyStatefulSet, pod: ReadonlyPod): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(pod.metadata?.name ?? '')
  return match && match[1] === set.metadata?.name ? Number(match[2]) : undefined
}

export function startOrdinal({ spec }: ReadonlyStatefulSet): number {
  return spec?.ordinals?.start ?? 0
}

export function isWanted(set: ReadonlyStatefulSet, ordinal: number): boolean {
  const start = startOrdinal(set)
  return ordinal >= start && ordinal < start + (set.spec?.replicas ?? 1)
}

export function revisionOf({ metadata }: ReadonlyPod): string | undefined {
  return metadata?.labels?.[revisionLabel]
}

export interface StatefulPodOptions {
  readonly ordinal: number
  readonly revision: string
  readonly template: DeepReadonly<PodTemplateSpec>
}

/** The Pod of an ordinal, with its own name, host name and volumes. After pkg/controller/statefulset newStatefulSetPod. */
export function statefulPod(set: ReadonlyStatefulSet, { ordinal, revision, template }: StatefulPodOptions): Pod {
  const { metadata, spec, ...rest } = podFromTemplate(set, template)
  const name = `${set.metadata?.name}-${ordinal}`
  const { generateName: _generateName, ...named } = { ...metadata, name }
  return withIdentity(set, {
    ...rest,
    metadata: { ...named, labels: { ...metadata?.labels, [revisionLabel]: revision } },
    spec: { ...spec!, hostname: name, ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}) },
  })
}

/** The Pod with the labels and volumes its ordinal gives it. */
export function withIdentity(set: ReadonlyStatefulSet, pod: Pod): Pod {
  const name = pod.metadata?.name ?? ''
  const ordinal = ordinalOf(set, pod) ?? 0
  const claims = claimsOf(set, ordinal)
  const others = (pod.spec?.volumes ?? []).filter((volume) => !claims.has(volume.name))
  const volumes = [
    ...[...claims].map(([volume, claim]) => ({
      name: volume,
      persistentVolumeClaim: { claimName: claim.metadata?.name ?? '' },
    })),
    ...others,
  ]
  const labels = { ...pod.metadata?.labels, [podNameLabel]: name, [podIndexLabel]: `${ordinal}` }
  return {
    ...pod,
    metadata: { ...pod.metadata, labels },
    spec: { ...pod.spec!, ...(volumes.length > 0 ? { volumes } : {}) },
  }
}

/** Whether a Pod has the labels and volumes its ordinal gives it. */
export function hasIdentity(set: ReadonlyStatefulSet, pod: ReadonlyPod): boolean {
  const { metadata, spec } = pod
  if (metadata?.labels?.[podNameLabel] !== metadata?.name) return false
  return [...claimsOf(set, ordinalOf(set, pod) ?? 0)].every(([name, claim]) =>
    spec?.volumes?.some(
      (volume) => volume.name === name && volume.persistentVolumeClaim?.claimName === claim.metadata?.name,
    ),
  )
}

/** The claims of an ordinal, by the name of their volume. */
export function claimsOf(set: ReadonlyStatefulSet, ordinal: number): ReadonlyMap<string, PersistentVolumeClaim> {
  const { name, namespace = '' } = set.metadata ?? {}
  const templates = set.spec?.volumeClaimTemplates ?? []
  return new Map(
    templates.map((template) => {
      const claim = structuredClone(template) as PersistentVolumeClaim
      const volume = claim.metadata?.name ?? ''
      const labels = { ...claim.metadata?.labels, ...set.spec?.selector?.matchLabels }
      return [
        volume,
        { ...claim, metadata: { ...claim.metadata, name: `${volume}-${name}-${ordinal}`, namespace, labels } },
      ]
    }),
  )
}
