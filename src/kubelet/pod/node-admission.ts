import { collide, hostPorts, noFreePorts } from '../../api/core/host-ports.ts'
import { milliOf, unitsOf } from '../containers/amounts.ts'
import { podAmount } from '../containers/resources.ts'
import type { ReadonlyPod } from './pod.ts'

export interface AdmissionView {
  readonly pod: ReadonlyPod
  /** The Pods that are on the node already and have not ended. */
  readonly present: readonly ReadonlyPod[]
  readonly allocatable: Readonly<Record<string, string>>
}

/**
 * Why the node cannot take the Pod, whatever placed it there; undefined when it can.
 * After kubelet v1.36 lifecycle/predicate.go.
 */
export function nodeAdmission(view: AdmissionView): { reason: string; message: string } | undefined {
  const { pod, present, allocatable } = view
  const maxPods = unitsOf(allocatable.pods ?? '0')
  if (present.length + 1 > maxPods) return outOf('pods', { requested: 1, used: present.length, capacity: maxPods })
  for (const name of Object.keys(allocatable).filter((one) => one !== 'pods')) {
    const read = name === 'cpu' ? milliOf : unitsOf
    const requestOf = (one: ReadonlyPod) => podAmount(one, (resources) => read(resources?.requests?.[name] ?? '0'))
    const requested = requestOf(pod)
    if (requested === 0) continue
    const used = present.reduce((sum, one) => sum + requestOf(one), 0)
    const capacity = read(allocatable[name]!)
    if (used + requested > capacity) return outOf(name, { requested, used, capacity })
  }
  const taken = present.flatMap(hostPorts)
  if (!hostPorts(pod).some((port) => taken.some((other) => collide(port, other)))) return undefined
  return { reason: 'NodePorts', message: `Predicate NodePorts failed: ${noFreePorts}` }
}

function outOf(resource: string, amounts: { requested: number; used: number; capacity: number }) {
  const { requested, used, capacity } = amounts
  const numbers = `requested: ${requested}, used: ${used}, capacity: ${capacity}`
  return { reason: `OutOf${resource}`, message: `Node didn't have enough resource: ${resource}, ${numbers}` }
}
