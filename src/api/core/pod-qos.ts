import type { DeepReadonly } from '../../machinery/object.ts'
import type { Container, Pod, ResourceRequirements } from '../types/core/v1.ts'

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

const countedResources = ['cpu', 'memory'] as const

/** The quality of service a Pod gets, from the requests and limits of its containers. After component-helpers qos. */
export function qosClassOf(pod: DeepReadonly<Pod>): QosClass {
  const podLevel = pod.spec?.resources
  if (podLevel) return qosOf([podLevel])
  const containers: readonly DeepReadonly<Container>[] = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []),
  ]
  return qosOf(containers.map(({ resources }) => resources ?? {}))
}

function qosOf(all: readonly DeepReadonly<ResourceRequirements>[]): QosClass {
  let isBestEffort = true
  let isGuaranteed = all.length > 0
  for (const { requests, limits } of all) {
    for (const name of countedResources) {
      const request = positive(requests?.[name])
      const limit = positive(limits?.[name])
      if (request !== undefined || limit !== undefined) isBestEffort = false
      if (limit === undefined || (request !== undefined && request !== limit)) isGuaranteed = false
    }
  }
  if (isBestEffort) return 'BestEffort'
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}

/** Quantities stand in canonical form, so equal amounts are equal text. */
function positive(quantity: string | undefined): string | undefined {
  return quantity === undefined || quantity === '0' ? undefined : quantity
}
