/** What a cgroup has used. */
export interface Usage {
  readonly timeMs: number
  readonly startTimeMs: number
  /** Of the last seconds; absent before there are two samples. */
  readonly usageNanoCores?: number
  readonly usageCoreNanoSeconds: number
  readonly memoryUsageBytes: number
  /** Without what the kernel can drop at once: what eviction and `kubectl top` look at. */
  readonly memoryWorkingSetBytes: number
  readonly memoryRssBytes: number
  /** Up to the limit, if there is one. */
  readonly memoryAvailableBytes?: number
}

export interface ContainerUsage {
  readonly name: string
  readonly usage: Usage
}

export interface PodUsage {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly usage: Usage
  readonly containers: readonly ContainerUsage[]
}

/** Reads cgroups, of version 1 or 2. */
export interface StatsProvider {
  node(): Promise<Usage>
  pods(): Promise<readonly PodUsage[]>
}

/** The answer of `/stats/summary`. After k8s.io/kubelet/pkg/apis/stats/v1alpha1 Summary, CPU and memory. */
export async function summary(nodeName: string, provider: StatsProvider): Promise<unknown> {
  const [node, pods] = await Promise.all([provider.node(), provider.pods()])
  return {
    node: { nodeName, startTime: rfc3339(node.startTimeMs), ...cpuAndMemory(node) },
    pods: pods.map(({ name, namespace, uid, usage, containers }) => ({
      podRef: { name, namespace, uid },
      startTime: rfc3339(usage.startTimeMs),
      containers: containers.map((container) => ({
        name: container.name,
        startTime: rfc3339(container.usage.startTimeMs),
        ...cpuAndMemory(container.usage),
      })),
      ...cpuAndMemory(usage),
    })),
  }
}

function cpuAndMemory(usage: Usage) {
  const time = rfc3339(usage.timeMs)
  return {
    cpu: { time, usageNanoCores: usage.usageNanoCores, usageCoreNanoSeconds: usage.usageCoreNanoSeconds },
    memory: {
      time,
      availableBytes: usage.memoryAvailableBytes,
      usageBytes: usage.memoryUsageBytes,
      workingSetBytes: usage.memoryWorkingSetBytes,
      rssBytes: usage.memoryRssBytes,
    },
  }
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}
