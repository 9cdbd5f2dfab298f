import type { DeepReadonly } from '../../machinery/object.ts'
import type { Container, ContainerPort, EphemeralContainer } from '../types/core/v1.ts'
import { fractionalBytesWarnings } from './volume-warnings.ts'

/** After pkg/api/pod warnings.go v1.36. */

export type AnyContainer = DeepReadonly<Container> | DeepReadonly<EphemeralContainer>

export function containerWarnings(container: AnyContainer, path: string): string[] {
  return [...resourceWarnings(container, path), ...environmentWarnings(container, path)]
}

function resourceWarnings({ resources }: AnyContainer, path: string): string[] {
  if (!resources) return []
  return ['memory', 'ephemeral-storage'].flatMap((name) => [
    ...fractionalBytesWarnings(resources.limits?.[name], `${path}.resources.limits[${name}]`),
    ...fractionalBytesWarnings(resources.requests?.[name], `${path}.resources.requests[${name}]`),
  ])
}

/** A variable may be made of its former value, but not simply be given twice. */
function environmentWarnings({ env = [] }: AnyContainer, path: string): string[] {
  if (env.length < 2) return []
  const seen = new Set<string>()
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const former = `$(${name})`
    const isBuilt = !valueFrom && value !== former && value.includes(former)
    const why = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`
    return isBuilt ? [] : [`${path}.env[${index}]: ${why}`]
  })
}

interface Placed {
  readonly container: AnyContainer
  readonly path: string
}

interface PlacedPort {
  readonly port: DeepReadonly<ContainerPort>
  readonly path: string
}

/** Ports of one Pod that say the same, or nearly. */
export function portWarnings(containers: readonly Placed[]): string[] {
  const ports = containers.flatMap(({ container, path }) =>
    (container.ports ?? []).map((port, index): PlacedPort => ({ port, path: `${path}.ports[${index}]` })),
  )
  if (ports.length === 0) return []
  return [...overlapWarnings(ports), ...portNameWarnings(ports)]
}

function overlapWarnings(ports: readonly PlacedPort[]): string[] {
  const known = new Map<string, PlacedPort[]>()
  return ports.flatMap((placed) => {
    const { port, path } = placed
    const key = `${port.containerPort}/${port.protocol}`
    const others = known.get(key) ?? []
    known.set(key, [...others, placed])
    const clashes = others.flatMap((other) => {
      const how = clashOf(port, other.port)
      return how === undefined ? [] : [`${path}: ${how} port definition with ${other.path}`]
    })
    const isLost = port.hostIP && !port.hostPort
    return [...(isLost ? [`${path}: hostIP set without hostPort: ${goPort(port)}`] : []), ...clashes]
  })
}

function clashOf(port: DeepReadonly<ContainerPort>, other: DeepReadonly<ContainerPort>): string | undefined {
  const [hostPort, otherPort] = [port.hostPort ?? 0, other.hostPort ?? 0]
  const [hostIP, otherIP] = [port.hostIP ?? '', other.hostIP ?? '']
  if (hostIP === otherIP && hostPort === otherPort) return 'duplicate'
  if (hostPort === 0 || otherPort === 0) return 'overlapping'
  const oneIsOpen = (hostIP === '') !== (otherIP === '')
  return hostPort === otherPort && oneIsOpen ? 'dangerously ambiguous' : undefined
}

/** A port as Go prints its struct. */
function goPort({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: DeepReadonly<ContainerPort>) {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`
}

function portNameWarnings(ports: readonly PlacedPort[]): string[] {
  const firstPaths = new Map<string, string>()
  return ports.flatMap(({ port: { name }, path }) => {
    if (!name) return []
    const first = firstPaths.get(name)
    if (first === undefined) {
      firstPaths.set(name, path)
      return []
    }
    const effect = `services and probes that select ports by name will use ${first}`
    return [`${path}: duplicate port name ${JSON.stringify(name)} with ${first}, ${effect}`]
  })
}
