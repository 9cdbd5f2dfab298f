import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReadings } from './resource-metrics.ts'
import { type NodeUsage, usageBetween } from './usage.ts'

/** As a kubelet tells it; `seconds` of CPU after `timeMs`. */
function told(timeMs: number, cpu: Record<string, number>, started: Record<string, number> = {}): string {
  const lines = Object.entries(cpu).flatMap(([container, seconds]) => {
    const labels = `{container="${container}",namespace="shop",pod="web"}`
    const start = started[container] ?? 1
    return [
      `container_cpu_usage_seconds_total${labels} ${seconds} ${timeMs}`,
      `container_memory_working_set_bytes${labels} 1.048576e+06 ${timeMs}`,
      `container_start_time_seconds${labels} ${start} ${timeMs}`,
    ]
  })
  return [
    '# HELP node_cpu_usage_seconds_total Cumulative cpu time consumed by the node in core-seconds',
    '# TYPE node_cpu_usage_seconds_total counter',
    `node_cpu_usage_seconds_total ${timeMs / 2_000} ${timeMs}`,
    `node_memory_working_set_bytes 4096 ${timeMs}`,
    ...lines,
    `pod_cpu_usage_seconds_total{namespace="shop",pod="web"} 7 ${timeMs}`,
    'scrape_error 0',
    '',
  ].join('\n')
}

const containersOf = ({ pods }: NodeUsage) =>
  pods.flatMap(({ containers }) => containers.map(({ name, usage }) => [name, usage.cpuNanoCores, usage.windowMs]))

const rows: [title: string, before: string, now: string, containers: unknown[]][] = [
  [
    'tells what was used in between',
    told(10_000, { app: 1, log: 2 }),
    told(20_000, { app: 6, log: 2 }),
    [
      ['app', 500_000_000, 10_000],
      ['log', 0, 10_000],
    ],
  ],
  [
    'counts a container that began in between from its beginning',
    told(10_000, {}),
    told(20_000, { app: 1 }, { app: 18 }),
    [['app', 500_000_000, 2_000]],
  ],
  [
    'counts one that was started again from then',
    told(10_000, { app: 100 }),
    told(20_000, { app: 4 }, { app: 16 }),
    [['app', 1_000_000_000, 4_000]],
  ],
  ['leaves out a Pod whose clock stands still', told(10_000, { app: 1 }), told(10_000, { app: 1 }), []],
  ['leaves out a Pod that used less than before', told(10_000, { app: 5 }), told(20_000, { app: 1 }), []],
]

for (const [title, before, now, containers] of rows) {
  test(`usage ${title}`, () => {
    assert.deepEqual(containersOf(usageBetween(parseReadings(before), parseReadings(now))), containers)
  })
}

test('the node itself is told as well', () => {
  const { node } = usageBetween(parseReadings(told(10_000, {})), parseReadings(told(20_000, {})))
  assert.deepEqual(node, { timeMs: 20_000, windowMs: 10_000, cpuNanoCores: 500_000_000, memoryBytes: 4096 })
})

test('a kubelet that tells nothing is no error', () => {
  assert.deepEqual(parseReadings('garbage\n# comment\n'), { node: undefined, pods: [] })
})
