import type { Answer, RequestContext } from '../request.ts'
import type { FlowController } from './flow-controller.ts'
import type { PriorityLevel } from './priority-level.ts'
import type { Ticket } from './queue-set.ts'

const prefix = '/debug/api_priority_and_fairness/'

/** Tables of what waits and is served, for people. After util/flowcontrol/apf_controller_debug.go v1.36. */
export function flowControlDebug(controller: FlowController): (context: RequestContext) => Answer | undefined {
  const dumps: Readonly<Record<string, (details: boolean) => string[][]>> = {
    dump_priority_levels: () => priorityLevelRows(controller.levels),
    dump_queues: () => queueRows(controller.levels),
    dump_requests: (details) => requestRows(controller.levels, details),
  }
  return ({ info, query }) => {
    if (!info.path.startsWith(prefix)) return undefined
    const name = info.path.slice(prefix.length)
    const dump = Object.hasOwn(dumps, name) ? dumps[name] : undefined
    if (!dump) return undefined
    const body = aligned(dump((query.get('includeRequestDetails') ?? '') !== ''))
    return { kind: 'bytes', status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
  }
}

const levelHeaders = [
  'PriorityLevelName',
  'ActiveQueues',
  'IsIdle',
  'IsQuiescing',
  'WaitingRequests',
  'ExecutingRequests',
  'DispatchedRequests',
  'RejectedRequests',
  'TimedoutRequests',
  'CancelledRequests',
]

function priorityLevelRows(levels: readonly PriorityLevel[]): string[][] {
  const rows = levels.map(({ name, quiescing, queues }) => [
    name,
    String(queues.dump().queues.filter(({ waiting }) => waiting.length > 0).length),
    String(queues.isIdle),
    String(quiescing),
    ...[queues.waiting, queues.executing, queues.dispatched, queues.rejected, 0, queues.timedOut].map(String),
  ])
  return [levelHeaders, ...rows.sort(([a], [b]) => (a! < b! ? -1 : 1))]
}

const queueHeaders = [
  'PriorityLevelName',
  'Index',
  'PendingRequests',
  'ExecutingRequests',
  'SeatsInUse',
  'NextDispatchR',
  'InitialSeatsSum',
  'MaxSeatsSum',
  'TotalWorkSum',
]

function queueRows(levels: readonly PriorityLevel[]): string[][] {
  const rows = levels.flatMap(({ name, queues }) =>
    queues
      .dump()
      .queues.map((queue, index) => [
        name,
        String(index),
        String(queue.waiting.length),
        String(queue.executing.length),
        String(queue.seatsInUse),
        seatSeconds(queue.nextDispatchR),
        String(sum(queue.waiting, ({ request }) => request.work.initialSeats)),
        String(sum(queue.waiting, ({ seats }) => seats)),
        seatSeconds(queue.waitingWork),
      ]),
  )
  return [queueHeaders, ...rows]
}

const requestHeaders = [
  'PriorityLevelName',
  'FlowSchemaName',
  'QueueIndex',
  'RequestIndexInQueue',
  'FlowDistingsher',
  'ArriveTime',
  'InitialSeats',
  'FinalSeats',
  'AdditionalLatency',
  'StartTime',
]
const detailHeaders = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource']

function requestRows(levels: readonly PriorityLevel[], details: boolean): string[][] {
  const rows = levels.flatMap(({ name, queues }) => {
    const { queues: dumps, queueless } = queues.dump()
    const row = (queue: number, place: number, ticket: Ticket) => requestRow(name, queue, place, ticket, details)
    return [
      ...dumps.flatMap(({ waiting, executing }, index) => [
        ...waiting.map((ticket, place) => row(index, place, ticket)),
        ...executing.map((ticket) => row(index, -1, ticket)),
      ]),
      ...queueless.map((ticket) => row(-1, -1, ticket)),
    ]
  })
  return [details ? [...requestHeaders, ...detailHeaders] : requestHeaders, ...rows]
}

function requestRow(level: string, queue: number, place: number, { request }: Ticket, details: boolean): string[] {
  const { work, flow, flowSchema, arrivalMs, context } = request
  const arrived = new Date(arrivalMs).toISOString()
  const row = [
    level,
    flowSchema,
    String(queue),
    String(place),
    flow.slice(flow.indexOf('\0') + 1),
    arrived,
    String(work.initialSeats),
    String(work.finalSeats),
    work.additionalLatencyMs === 0 ? '0s' : `${work.additionalLatencyMs}ms`,
    place >= 0 ? '0001-01-01T00:00:00Z' : arrived,
  ]
  return details ? [...row, ...detailsOf(context)] : row
}

function detailsOf({ user, info }: RequestContext): string[] {
  const { verb, path, namespace, name, group, version, resource, subresource } = info
  const apiVersion = group === '' ? version : `${group}/${version}`
  return [user.name, verb, path, namespace, name, apiVersion, resource, subresource]
}

function seatSeconds(seatMilliseconds: number): string {
  return `${(seatMilliseconds / 1_000).toFixed(8)}ss`
}

function sum(tickets: readonly Ticket[], of: (ticket: Ticket) => number): number {
  return tickets.reduce((total, ticket) => total + of(ticket), 0)
}

/** Columns of at least eight characters, apart by a comma and a blank, as Go's tabwriter has them. */
function aligned(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell, index) => (index < row.length - 1 ? `${cell},` : cell)))
  const widths: number[] = []
  for (const row of cells) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 8, cell.length + 1)
    })
  }
  const line = (row: readonly string[]) =>
    row.map((cell, index) => (index < row.length - 1 ? cell.padEnd(widths[index]!) : cell)).join('')
  return cells.map((row) => `${line(row)}\n`).join('')
}
