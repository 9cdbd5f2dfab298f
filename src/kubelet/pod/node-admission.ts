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
  const taken = present.flatMap(hostPortsOf)
  if (hostPortsOf(pod).some((port) => taken.some((other) => conflicts(port, other)))) {
    const why = "node(s) didn't have free ports for the requested pod ports"
    return { reason: 'NodePorts', message: `Predicate NodePorts failed: ${why}` }
  }
  return undefined
}

interface HostPort {
  readonly protocol: string
  readonly address: string
  readonly port: number
}

const everyAddress = '0.0.0.0'

function hostPortsOf({ spec }: ReadonlyPod): HostPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  return [...(spec?.containers ?? []), ...sidecars]
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ protocol = 'TCP', hostIP, hostPort }) =>
      hostPort ? [{ protocol, address: hostIP || everyAddress, port: hostPort }] : [],
    )
}

function conflicts(a: HostPort, b: HostPort): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port) return false
  return a.address === b.address || a.address === everyAddress || b.address === everyAddress
}

function outOf(resource: string, amounts: { requested: number; used: number; capacity: number }) {
  const { requested, used, capacity } = amounts
  const numbers = `requested: ${requested}, used: ${used}, capacity: ${capacity}`
  return { reason: `OutOf${resource}`, message: `Node didn't have enough resource: ${resource}, ${numbers}` }
}
