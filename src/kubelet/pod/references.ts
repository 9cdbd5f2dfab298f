import type { InvolvedObject } from '../../client/event-correlator.ts'
import { nameOf, namespaceOf, type ReadonlyPod, type SpecContainer, uidOf } from './pod.ts'

const lists = { init: 'initContainers', regular: 'containers', ephemeral: 'ephemeralContainers' }

export function podReference(pod: ReadonlyPod): InvolvedObject {
  const { resourceVersion } = pod.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    name: nameOf(pod),
    namespace: namespaceOf(pod),
    uid: uidOf(pod),
    ...(resourceVersion ? { resourceVersion } : {}),
  }
}

/** Names the part of the Pod that an event is about: `spec.containers{web}`. */
export function containerReference(pod: ReadonlyPod, { kind, container }: SpecContainer): InvolvedObject {
  return { ...podReference(pod), fieldPath: `spec.${lists[kind]}{${container.name}}` }
}
