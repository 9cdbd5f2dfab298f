import { Gauge, type MetricValueWithName, type Registry } from 'prom-client'
import { Histogram, type Series } from '../metrics/histogram.ts'
import type { PriorityLevel } from './priority-level.ts'
import type { Refusal, Ticket } from './queue-set.ts'

/** Upstream's requestDurationSecondsBuckets. */
const durationBuckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]

const prefix = 'apiserver_flowcontrol_'

interface FlowLabels {
  readonly priority_level: string
  readonly flow_schema: string
}

/** What happened to the requests of one flow schema. */
export interface FlowStatistics {
  readonly labels: FlowLabels
  dispatched: number
  readonly rejected: Partial<Record<Refusal, number>>
  /** Seconds in the queue, by whether it ended in service. */
  readonly waited: { readonly served: Series; readonly refused: Series }
  /** Seconds in service. */
  readonly served: Series
}

/**
 * The metrics of priority and fairness that people watch, under upstream's names. What is true at the moment is read
 * off the levels when somebody asks. After apiserver util/flowcontrol/metrics v1.36.
 */
export class FlowMetrics {
  readonly #statistics = new Map<string, FlowStatistics>()
  readonly #waits: Histogram
  readonly #executions: Histogram

  constructor(registry: Registry, levels: () => readonly PriorityLevel[]) {
    const help = { wait: 'Seconds a request waited in its queue.', execution: 'Seconds a request was served.' }
    const histogram = (name: string, help: string) =>
      new Histogram({ name: prefix + name, help, buckets: durationBuckets }, registry)
    this.#waits = histogram('request_wait_duration_seconds', help.wait)
    this.#executions = histogram('request_execution_seconds', help.execution)
    this.#addCounters(registry)
    addLevelGauges(registry, levels)
    addFlowGauges(registry, levels)
  }

  /** The same for the same names, so that counts outlive a change of the configuration. */
  of(flowSchema: string, priorityLevel: string): FlowStatistics {
    const key = JSON.stringify([flowSchema, priorityLevel])
    const known = this.#statistics.get(key)
    if (known) return known
    const labels = { priority_level: priorityLevel, flow_schema: flowSchema }
    const made: FlowStatistics = {
      labels,
      dispatched: 0,
      rejected: {},
      waited: {
        served: this.#waits.series({ ...labels, execute: 'true' }),
        refused: this.#waits.series({ ...labels, execute: 'false' }),
      },
      served: this.#executions.series({ ...labels, type: 'regular' }),
    }
    this.#statistics.set(key, made)
    return made
  }

  #addCounters(registry: Registry): void {
    const all = () => [...this.#statistics.values()]
    addValues(registry, 'dispatched_requests_total', 'counter', 'Requests that were served.', () =>
      all()
        .filter(({ dispatched }) => dispatched > 0)
        .map(({ labels, dispatched }) => ({ labels: { ...labels }, value: dispatched })),
    )
    addValues(registry, 'rejected_requests_total', 'counter', 'Requests that were refused, by why.', () =>
      all().flatMap(({ labels, rejected }) =>
        Object.entries(rejected).map(([reason, value]) => ({ labels: { ...labels, reason }, value })),
      ),
    )
  }
}

type Value = Omit<MetricValueWithName<string>, 'metricName'>

/** A metric whose values are computed when somebody asks: prom-client's counters can only be added to. */
function addValues(
  registry: Registry,
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  values: () => Value[],
): void {
  const get = async () => ({ name: prefix + name, help, type, aggregator: 'sum', values: values() })
  registry.registerMetric({ name: prefix + name, get, reset() {} } as never)
}

function addLevelGauges(registry: Registry, levels: () => readonly PriorityLevel[]): void {
  const gauges: Readonly<Record<string, readonly [help: string, of: (level: PriorityLevel) => number]>> = {
    nominal_limit_seats: ['Seats that the configuration gives each level.', ({ limits }) => limits.nominal],
    lower_limit_seats: ['Seats that a level keeps whatever others need.', ({ limits }) => limits.least],
    upper_limit_seats: ['Seats that a level can come to by borrowing.', ({ limits }) => limits.most],
    current_limit_seats: ['Seats that a level has at the moment.', ({ currentLimit }) => currentLimit],
  }
  for (const [name, [help, of]] of Object.entries(gauges)) {
    new Gauge({
      name: prefix + name,
      help,
      labelNames: ['priority_level'],
      registers: [registry],
      collect() {
        this.reset()
        for (const level of levels()) this.set({ priority_level: level.name }, of(level))
      },
    })
  }
}

function addFlowGauges(registry: Registry, levels: () => readonly PriorityLevel[]): void {
  const isExecuting = ({ startMs }: Ticket) => startMs !== undefined
  const gauges: Readonly<Record<string, readonly [help: string, of: (ticket: Ticket) => number]>> = {
    current_inqueue_requests: ['Requests that wait in queues.', (ticket) => (isExecuting(ticket) ? 0 : 1)],
    current_executing_requests: ['Requests that are being served.', (ticket) => (isExecuting(ticket) ? 1 : 0)],
    current_executing_seats: [
      'Seats of the requests that are being served.',
      (ticket) => (isExecuting(ticket) ? ticket.seats : 0),
    ],
  }
  for (const [name, [help, of]] of Object.entries(gauges)) {
    addValues(registry, name, 'gauge', help, () =>
      levels().flatMap((level) =>
        [...Map.groupBy(ticketsOf(level), ({ request }) => request.flowSchema)].map(([flow_schema, tickets]) => ({
          labels: { priority_level: level.name, flow_schema },
          value: tickets.reduce((sum, ticket) => sum + of(ticket), 0),
        })),
      ),
    )
  }
}

function ticketsOf({ queues }: PriorityLevel): Ticket[] {
  const { queues: dumped, queueless } = queues.dump()
  return [...queueless, ...dumped.flatMap(({ waiting, executing }) => [...waiting, ...executing])]
}
