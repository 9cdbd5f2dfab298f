import type { Container, EphemeralContainer, Pod, PodSpec } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** A Pod as it came from the API or a manifest: shared, never written to. */
export type ReadonlyPod = DeepReadonly<Pod>
export type ReadonlyContainer = DeepReadonly<Container>
export type ContainerKind = 'init' | 'regular' | 'ephemeral'

export interface SpecContainer {
  readonly kind: ContainerKind
  readonly container: ReadonlyContainer
}

/** An init container with `restartPolicy: Always` runs beside the others: a sidecar. */
export const isSidecar = (container: ReadonlyContainer): boolean => container.restartPolicy === 'Always'

/** Every container of the spec: init, regular, ephemeral. */
export function containersOf(pod: ReadonlyPod): readonly SpecContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? {}
  return [
    ...initContainers.map((container): SpecContainer => ({ kind: 'init', container })),
    ...containers.map((container): SpecContainer => ({ kind: 'regular', container })),
    ...ephemeralContainers.map((container): SpecContainer => ({ kind: 'ephemeral', container: plain(container) })),
  ]
}

/** An ephemeral container has the fields of a container and a target. */
function plain({ targetContainerName: _, ...container }: DeepReadonly<EphemeralContainer>): ReadonlyContainer {
  return container as ReadonlyContainer
}

export const uidOf = (pod: ReadonlyPod): string => pod.metadata?.uid ?? ''
export const nameOf = (pod: ReadonlyPod): string => pod.metadata?.name ?? ''
export const namespaceOf = (pod: ReadonlyPod): string => pod.metadata?.namespace ?? ''

/** `web_default(1234-…)`, as upstream's messages name a Pod. After kubelet v1.36 util/format pod.go. */
export const formatPod = (pod: ReadonlyPod): string => `${nameOf(pod)}_${namespaceOf(pod)}(${uidOf(pod)})`

export const isHostNetwork = (pod: ReadonlyPod): boolean => pod.spec?.hostNetwork === true

/** Where a Pod that does not come from the API is from, and the hash that its mirror carries. */
export const configSourceAnnotation = 'kubernetes.io/config.source'
export const configHashAnnotation = 'kubernetes.io/config.hash'
export const configMirrorAnnotation = 'kubernetes.io/config.mirror'

export const isMirrorPod = (pod: ReadonlyPod): boolean =>
  pod.metadata?.annotations?.[configMirrorAnnotation] !== undefined

export const isStaticPod = (pod: ReadonlyPod): boolean => {
  const source = pod.metadata?.annotations?.[configSourceAnnotation]
  return source !== undefined && source !== 'api'
}

export const restartPolicyOf = (spec: DeepReadonly<PodSpec> | undefined): string => spec?.restartPolicy ?? 'Always'
