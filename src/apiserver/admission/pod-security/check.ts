import type { Container, EphemeralContainer, PodSpec, SecurityContext } from '../../../api/types/core/v1.ts'
import type { DeepReadonly, ObjectMeta } from '../../../machinery/object.ts'

/** A Pod, or the template that Pods are made of. */
export interface CheckedPod {
  readonly metadata: DeepReadonly<ObjectMeta>
  readonly spec: DeepReadonly<PodSpec>
}

/** What a Pod does that its level forbids. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** After pod-security-admission/policy checks.go v1.36. */
export interface Check {
  readonly id: string
  /** By rising minor version of Kubernetes since which it holds; the last that is not newer than the policy counts. */
  readonly versions: readonly CheckVersion[]
  /** The check of the level below that this one stands for. */
  readonly overrides?: string
}

export interface CheckVersion {
  readonly since: number
  readonly find: (pod: CheckedPod) => Violation | undefined
}

export type AnyContainer = DeepReadonly<Container> | DeepReadonly<EphemeralContainer>

/** In upstream's order. */
export function containersOf({ initContainers, containers, ephemeralContainers }: CheckedPod['spec']): AnyContainer[] {
  return [...(initContainers ?? []), ...(containers ?? []), ...(ephemeralContainers ?? [])]
}

/** The names of the containers whose security context is as `isBad` says. */
export function containersWith(
  { spec }: CheckedPod,
  isBad: (security: DeepReadonly<SecurityContext>, container: AnyContainer) => boolean,
): string[] {
  return containersOf(spec)
    .filter((container) => isBad(container.securityContext ?? {}, container))
    .map(({ name }) => name)
}

/** `container "a"`, `containers "a", "b"`. */
export function named(noun: string, names: readonly string[]): string {
  return `${plural(noun, names.length)} ${quoted(names)}`
}

/** `pod and container "a"`; nothing when neither does it. */
export function setters(podDoes: boolean, containers: readonly string[]): string {
  const parts = podDoes ? ['pod'] : []
  if (containers.length > 0) parts.push(named('container', containers))
  return parts.join(' and ')
}

export function plural(noun: string, count: number): string {
  return count === 1 ? noun : `${noun}s`
}

export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(', ')
}

/** Each value once, sorted. */
export function distinct(values: Iterable<string>): string[] {
  return [...new Set(values)].sort()
}

/** What Linux guards does not concern a Pod that is said to be for Windows. */
export function exceptOnWindows(find: CheckVersion['find']): CheckVersion['find'] {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : find(pod))
}

/** In a user namespace of its own root is nobody, and /proc harmless. */
export function exceptInUserNamespace(find: CheckVersion['find']): CheckVersion['find'] {
  return (pod) => (pod.spec.hostUsers === false ? undefined : find(pod))
}
