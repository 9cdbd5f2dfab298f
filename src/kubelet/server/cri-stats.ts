import { readFileSync } from 'node:fs'
import type { Clock } from '../../platform/clock.ts'
import type { Cri } from '../cri/cri.ts'
import type { CriResponse } from '../cri/messages.ts'
import { containerNameLabel, podNameLabel, podNamespaceLabel, podUidLabel } from '../pod/runtime-state.ts'
import type { ContainerUsage, PodUsage, StatsProvider, Usage } from './stats.ts'

type ContainerStats = CriResponse<'ContainerStats'>

/** A node's usage from /proc, its Pods' from the runtime, which reads their cgroups. */
export function criStats({ cri, clock }: { readonly cri: Cri; readonly clock: Clock }): StatsProvider {
  const rates = new Rates()
  return {
    node: async () => rates.add('node', nodeUsage(clock.nowMs())),
    async pods() {
      const [{ stats }, { containers }] = await Promise.all([
        cri.runtime.listContainerStats({}),
        cri.runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } }),
      ])
      const startedMs = new Map(containers.map(({ id, createdAt }) => [id, Number(createdAt) / 1e6]))
      rates.keep(new Set(['node', ...startedMs.keys()]))
      return podUsages(
        stats.filter(({ attributes }) => startedMs.has(attributes?.id ?? '')),
        (each) => rates.add(each.attributes!.id, containerUsage(each, startedMs.get(each.attributes!.id)!)),
      )
    },
  }
}

/** Remembers each one's last sample, to tell how fast it uses CPU. */
class Rates {
  readonly #last = new Map<string, Usage>()

  add(id: string, usage: Usage): Usage {
    const before = this.#last.get(id)
    this.#last.set(id, usage)
    const spanMs = usage.timeMs - (before?.timeMs ?? usage.timeMs)
    if (!before || spanMs <= 0) return usage
    const used = usage.usageCoreNanoSeconds - before.usageCoreNanoSeconds
    return { ...usage, usageNanoCores: Math.max(0, Math.round((used / spanMs) * 1000)) }
  }

  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#last.keys()) if (!ids.has(id)) this.#last.delete(id)
  }
}

function podUsages(stats: readonly ContainerStats[], usageOf: (stats: ContainerStats) => Usage): PodUsage[] {
  const pods = new Map<string, { labels: Readonly<Record<string, string>>; containers: ContainerUsage[] }>()
  for (const each of stats) {
    const labels = each.attributes?.labels ?? {}
    const uid = labels[podUidLabel] ?? ''
    const pod = pods.get(uid) ?? { labels, containers: [] }
    pod.containers.push({ name: labels[containerNameLabel] ?? '', usage: usageOf(each) })
    pods.set(uid, pod)
  }
  return [...pods].map(([uid, { labels, containers }]) => ({
    uid,
    name: labels[podNameLabel] ?? '',
    namespace: labels[podNamespaceLabel] ?? '',
    usage: sum(containers.map(({ usage }) => usage)),
    containers,
  }))
}

function containerUsage({ cpu, memory }: ContainerStats, startTimeMs: number): Usage {
  const number = (value: { readonly value: bigint | number } | null | undefined) => Number(value?.value ?? 0)
  return {
    timeMs: Number(cpu?.timestamp ?? 0) / 1e6,
    startTimeMs,
    usageCoreNanoSeconds: number(cpu?.usageCoreNanoSeconds),
    memoryUsageBytes: number(memory?.usageBytes ?? memory?.workingSetBytes),
    memoryWorkingSetBytes: number(memory?.workingSetBytes),
    memoryRssBytes: number(memory?.rssBytes),
  }
}

function sum(usages: readonly Usage[]): Usage {
  const total = (field: (usage: Usage) => number | undefined) =>
    usages.reduce((all, usage) => all + (field(usage) ?? 0), 0)
  return {
    timeMs: Math.max(...usages.map(({ timeMs }) => timeMs)),
    startTimeMs: Math.min(...usages.map(({ startTimeMs }) => startTimeMs)),
    usageNanoCores: total(({ usageNanoCores }) => usageNanoCores),
    usageCoreNanoSeconds: total(({ usageCoreNanoSeconds }) => usageCoreNanoSeconds),
    memoryUsageBytes: total(({ memoryUsageBytes }) => memoryUsageBytes),
    memoryWorkingSetBytes: total(({ memoryWorkingSetBytes }) => memoryWorkingSetBytes),
    memoryRssBytes: total(({ memoryRssBytes }) => memoryRssBytes),
  }
}

/** The kernel counts CPU in hundredths of a second, whatever the machine. */
const nanosecondsPerTick = 10_000_000

function nodeUsage(nowMs: number): Usage {
  const stat = readFileSync('/proc/stat', 'utf8')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number)
  const meminfo = readFileSync('/proc/meminfo', 'utf8')
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024
  const used = bytes('MemTotal') - bytes('MemFree')
  return {
    timeMs: nowMs,
    startTimeMs: Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000,
    usageCoreNanoSeconds: (user + nice + system + irq + softirq + steal) * nanosecondsPerTick,
    memoryUsageBytes: used,
    memoryWorkingSetBytes: bytes('MemTotal') - bytes('MemAvailable'),
    memoryRssBytes: bytes('AnonPages'),
    memoryAvailableBytes: bytes('MemAvailable'),
  }
}
