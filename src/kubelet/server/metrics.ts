import { cpus, totalmem } from 'node:os'
import type { KubeletServerHost } from './host.ts'
import type { ContainerUsage, PodUsage, StatsProvider, Usage } from './stats.ts'

/** A family in Prometheus' text format: its head and its samples. */
interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly Sample[]
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
  /** When it was measured, if not now. */
  readonly timeMs?: number
}

/** The answer of `/metrics`: the kubelet itself, under upstream's names. After kubelet metrics/metrics.go. */
export async function kubeletMetrics(host: KubeletServerHost, nodeName: string): Promise<string> {
  const running = await host.runningPods()
  const containers = running.reduce((sum, { spec }) => sum + (spec?.containers.length ?? 0), 0)
  const { user, system } = process.cpuUsage()
  return render([
    gauge('kubelet_node_name', "The node's name. The count is always 1.", 1, { node: nodeName }),
    gauge('kubelet_running_pods', 'Number of pods that have a running pod sandbox', running.length),
    gauge('kubelet_running_containers', 'Number of containers currently running', containers, {
      container_state: 'running',
    }),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', process.memoryUsage.rss()),
    {
      name: 'process_cpu_seconds_total',
      help: 'Total user and system CPU time spent in seconds.',
      type: 'counter',
      samples: [{ value: (user + system) / 1e6 }],
    },
  ])
}

/** The answer of `/metrics/resource`. After kubelet metrics/collectors/resource_metrics.go. */
export async function resourceMetrics(provider: StatsProvider): Promise<string> {
  const [node, pods] = await Promise.all([provider.node(), provider.pods()])
  const containers = eachContainer(pods, ({ namespace, name }, container) => ({
    labels: { container: container.name, namespace, pod: name },
    usage: container.usage,
  }))
  const ofPods = pods.map(({ namespace, name, usage }) => ({ labels: { namespace, pod: name }, usage }))
  return render([
    cpuSeconds('container', containers),
    workingSet('container', containers),
    {
      name: 'container_start_time_seconds',
      help: 'Start time of the container since unix epoch in seconds',
      type: 'gauge',
      samples: containers.map((each) => sampleOf(each, each.usage.startTimeMs / 1000)),
    },
    cpuSeconds('node', [{ usage: node }]),
    workingSet('node', [{ usage: node }]),
    cpuSeconds('pod', ofPods),
    workingSet('pod', ofPods),
    gauge('resource_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', 0),
  ])
}

/** The answer of `/metrics/cadvisor`: what dashboards know containers by. After cadvisor metrics/prometheus.go. */
export async function cadvisorMetrics(provider: StatsProvider): Promise<string> {
  const containers = eachContainer(await provider.pods(), ({ namespace, name }, container) => ({
    labels: { container: container.name, namespace, pod: name },
    usage: container.usage,
  }))
  const memory = (name: string, help: string, bytes: (usage: Usage) => number): Family => ({
    name,
    help,
    type: 'gauge',
    samples: containers.map((each) => sampleOf(each, bytes(each.usage))),
  })
  return render([
    cpuSeconds('container', containers),
    memory('container_memory_usage_bytes', 'Current memory usage in bytes', (usage) => usage.memoryUsageBytes),
    memory(
      'container_memory_working_set_bytes',
      'Current working set in bytes',
      (usage) => usage.memoryWorkingSetBytes,
    ),
    memory('container_memory_rss', 'Size of RSS in bytes', (usage) => usage.memoryRssBytes),
    gauge('machine_cpu_cores', 'Number of logical CPU cores.', cpus().length),
    gauge('machine_memory_bytes', 'Amount of memory installed on the machine.', totalmem()),
  ])
}

interface Used {
  readonly labels?: Readonly<Record<string, string>>
  readonly usage: Usage
}

function eachContainer(pods: readonly PodUsage[], use: (pod: PodUsage, container: ContainerUsage) => Used): Used[] {
  return pods.flatMap((pod) => pod.containers.map((container) => use(pod, container)))
}

function sampleOf({ labels, usage }: Used, value: number): Sample {
  return { value, timeMs: usage.timeMs, ...(labels && { labels }) }
}

function gauge(name: string, help: string, value: number, labels?: Readonly<Record<string, string>>): Family {
  return { name, help, type: 'gauge', samples: [{ value, ...(labels && { labels }) }] }
}

function cpuSeconds(of: string, used: readonly Used[]): Family {
  return {
    name: `${of}_cpu_usage_seconds_total`,
    help: `Cumulative cpu time consumed by the ${of} in core-seconds`,
    type: 'counter',
    samples: used.map((each) => sampleOf(each, each.usage.usageCoreNanoSeconds / 1e9)),
  }
}

function workingSet(of: string, used: readonly Used[]): Family {
  return {
    name: `${of}_memory_working_set_bytes`,
    help: `Current working set of the ${of} in bytes`,
    type: 'gauge',
    samples: used.map((each) => sampleOf(each, each.usage.memoryWorkingSetBytes)),
  }
}

function render(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) => {
      const lines = samples.map((sample) => `${name}${renderLabels(sample)} ${sample.value}${renderTime(sample)}\n`)
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
    })
    .join('')
}

function renderLabels({ labels }: Sample): string {
  if (!labels) return ''
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`
}

function renderTime({ timeMs }: Sample): string {
  return timeMs === undefined ? '' : ` ${Math.trunc(timeMs)}`
}
