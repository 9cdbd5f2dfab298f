import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeOperation } from '../operation.ts'
import { agentsOf, megabytes, usageOfAll } from '../process-usage.ts'

const settleMs = 5_000
const secondsPerHour = 3_600

/** What server and agent cost when nobody wants anything: one node, no Pods. */
export const idle: NodeOperation = async ({ cluster, idleSeconds }) => {
  const pids = [cluster.pid, ...agentsOf(cluster.pid)]
  await sleep(settleMs)
  const before = usageOfAll(pids)
  await sleep(idleSeconds * 1000)
  const after = usageOfAll(pids)
  const perIdleSecond = (key: 'cpuSeconds' | 'writtenBytes') => (after[key] - before[key]) / idleSeconds
  return [
    { name: 'idle memory, server and agent', unit: 'MiB', value: megabytes(after.residentBytes), bar: { atMost: 200 } },
    { name: 'idle memory, shared pages counted once', unit: 'MiB', value: megabytes(after.proportionalBytes) },
    {
      name: 'idle CPU, server and agent',
      unit: '% of a core',
      value: 100 * perIdleSecond('cpuSeconds'),
      bar: { atMost: 2 },
    },
    {
      name: 'idle writes to disk',
      unit: 'MiB per h',
      value: megabytes(perIdleSecond('writtenBytes') * secondsPerHour),
    },
  ]
}
