import type { NodeMetrics, PodMetrics, ResourceUsage } from '../../api/metrics/metrics.ts'
import { metricsGroup, metricsVersion } from '../../api/metrics/schemas.ts'
import type { Node, Pod } from '../../api/types/core/v1.ts'
import { formatGoDuration } from '../../machinery/go-duration.ts'
import { Quantity, quantityOf } from '../../machinery/quantity.ts'
import { formatTime } from '../../machinery/time.ts'
import type { Held } from '../object-reader.ts'
import type { PodUsage, Usage } from './usage.ts'

const apiVersion = `${metricsGroup}/${metricsVersion}`

export function nodeMetricsOf({ metadata }: Held<Node>, usage: Usage, nowMs: number): NodeMetrics {
  const { name, labels } = metadata
  return {
    kind: 'NodeMetrics',
    apiVersion,
    metadata: { name, creationTimestamp: formatTime(nowMs), ...(labels && { labels: { ...labels } }) },
    timestamp: formatTime(usage.timeMs),
    window: formatGoDuration(Math.round(usage.windowMs)),
    usage: resourceUsage(usage),
  }
}

/** Of its containers the oldest reading and the widest window count. */
export function podMetricsOf({ metadata }: Held<Pod>, { containers }: PodUsage, nowMs: number): PodMetrics {
  const { name, namespace = '', labels } = metadata
  const creationTimestamp = formatTime(nowMs)
  return {
    kind: 'PodMetrics',
    apiVersion,
    metadata: { name, namespace, creationTimestamp, ...(labels && { labels: { ...labels } }) },
    timestamp: formatTime(Math.min(...containers.map(({ usage }) => usage.timeMs))),
    window: formatGoDuration(Math.round(Math.max(...containers.map(({ usage }) => usage.windowMs)))),
    containers: containers.map(({ name, usage }) => ({ name, usage: resourceUsage(usage) })),
  }
}

function resourceUsage({ cpuNanoCores, memoryBytes }: Usage): ResourceUsage {
  return {
    cpu: new Quantity(BigInt(cpuNanoCores), 'DecimalSI').toString(),
    memory: quantityOf(Math.round(memoryBytes), 'BinarySI').toString(),
  }
}
