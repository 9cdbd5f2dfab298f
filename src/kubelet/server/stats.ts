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

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly value: (usage: Usage) => number
}

const cpuMetric = (of: string): Metric => ({
  name: `${of}_cpu_usage_seconds_total`,
  help: `Cumulative cpu time consumed by the ${of} in core-seconds`,
  type: 'counter',
  value: (usage) => usage.usageCoreNanoSeconds / 1e9,
})

const memoryMetric = (of: string): Metric => ({
  name: `${of}_memory_working_set_bytes`,
  help: `Current working set of the ${of} in bytes`,
  type: 'gauge',
  value: (usage) => usage.memoryWorkingSetBytes,
})

const startMetric: Metric = {
  name: 'container_start_time_seconds',
  help: 'Start time of the container since unix epoch in seconds',
  type: 'gauge',
  value: (usage) => usage.startTimeMs / 1000,
}

interface Sample {
  readonly labels: string
  readonly usage: Usage
}

/** The answer of `/metrics/resource`, in Prometheus' text format. After kubelet metrics/collectors resource_metrics.go. */
export async function resourceMetrics(provider: StatsProvider): Promise<string> {
  const [node, pods] = await Promise.all([provider.node(), provider.pods()])
  const ofNode = [{ labels: '', usage: node }]
  const ofPods = pods.map(({ namespace, name, usage }) => ({ labels: labels({ namespace, pod: name }), usage }))
  const ofContainers = pods.flatMap(({ namespace, name, containers }) =>
    containers.map((container) => ({
      labels: labels({ container: container.name, namespace, pod: name }),
      usage: container.usage,
    })),
  )
  const families = [
    render(cpuMetric('container'), ofContainers),
    render(memoryMetric('container'), ofContainers),
    render(startMetric, ofContainers),
    render(cpuMetric('node'), ofNode),
    render(memoryMetric('node'), ofNode),
    render(cpuMetric('pod'), ofPods),
    render(memoryMetric('pod'), ofPods),
    '# HELP resource_scrape_error 1 if there was an error while getting container metrics, 0 otherwise\n' +
      '# TYPE resource_scrape_error gauge\nresource_scrape_error 0\n',
  ]
  return families.join('')
}

function render({ name, help, type, value }: Metric, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const lines = samples.map(({ labels, usage }) => `${name}${labels} ${value(usage)} ${Math.trunc(usage.timeMs)}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labels(pairs: Readonly<Record<string, string>>): string {
  return `{${Object.entries(pairs)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`
}
