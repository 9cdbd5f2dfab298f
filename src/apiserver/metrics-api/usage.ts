import type { NodeReadings, PodReadings, Reading } from './resource-metrics.ts'

/** How much of something is used: what two readings say. */
export interface Usage {
  readonly timeMs: number
  /** Over which time the CPU was measured. */
  readonly windowMs: number
  /** Billionths of a core. */
  readonly cpuNanoCores: number
  readonly memoryBytes: number
}

export interface PodUsage {
  readonly namespace: string
  readonly name: string
  readonly containers: readonly ContainerUsage[]
}

export interface ContainerUsage {
  readonly name: string
  readonly usage: Usage
}

export interface NodeUsage {
  /** Undefined: the kubelet did not say. */
  readonly node: Usage | undefined
  readonly pods: readonly PodUsage[]
}

/**
 * What was used between two answers of a kubelet. A container that began in between counts from its beginning. A Pod
 * of which a container cannot be told yet is left out: half of it would look like little.
 * After metrics-server v0.8 pkg/storage.
 */
export function usageBetween(before: NodeReadings, now: NodeReadings): NodeUsage {
  const earlier = new Map(before.pods.map((pod) => [podKey(pod), pod.containers]))
  const pods = now.pods.flatMap((pod) => {
    const usage = podUsage(pod, earlier.get(podKey(pod)) ?? new Map<string, Reading>())
    return usage ? [usage] : []
  })
  return { node: now.node && usageOf(now.node, before.node), pods }
}

function podUsage(
  { namespace, name, containers }: PodReadings,
  earlier: ReadonlyMap<string, Reading>,
): PodUsage | undefined {
  const known: ContainerUsage[] = []
  for (const [container, reading] of containers) {
    const usage = usageOf(reading, earlier.get(container))
    if (!usage) return undefined
    known.push({ name: container, usage })
  }
  return known.length === 0 ? undefined : { namespace, name, containers: known }
}

function usageOf(now: Reading, before: Reading | undefined): Usage | undefined {
  const from = before?.startTimeMs === now.startTimeMs ? before : beginningOf(now)
  if (!from) return undefined
  const windowMs = now.timeMs - from.timeMs
  const cpuSeconds = now.cpuSeconds - from.cpuSeconds
  if (windowMs <= 0 || cpuSeconds < 0) return undefined
  const cpuNanoCores = Math.round((cpuSeconds / (windowMs / 1_000)) * 1e9)
  return { timeMs: now.timeMs, windowMs, cpuNanoCores, memoryBytes: now.memoryBytes }
}

function beginningOf({ startTimeMs }: Reading): Pick<Reading, 'timeMs' | 'cpuSeconds'> | undefined {
  return startTimeMs === undefined ? undefined : { timeMs: startTimeMs, cpuSeconds: 0 }
}

function podKey({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`
}
