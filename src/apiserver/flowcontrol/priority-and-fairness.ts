import type { Clock } from '../../platform/clock.ts'
import { isLongRunning } from '../long-running.ts'
import type { Answer, Handler, RequestContext, RequestInfo, Step } from '../request.ts'
import { type Flow, type FlowController, flowHash } from './flow-controller.ts'
import type { InFlight } from './max-in-flight.ts'
import type { Refusal, Seats } from './queue-set.ts'
import { tooManyRequestsAnswer } from './refusal.ts'
import { WatchCounts } from './watch-counts.ts'
import { type CollectionSize, listSeats, mutatingWork, oneSeat, type WorkEstimate } from './work-estimate.ts'

export interface PriorityAndFairnessOptions {
  readonly controller: FlowController
  readonly clock: Clock
  readonly inFlight: InFlight
  /** How much a collection holds; undefined for what is not stored here. */
  readonly sizeOf: (info: RequestInfo) => CollectionSize | undefined
}

const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/**
 * Gives each request seats of its priority level, lets it wait its turn, or refuses it with 429. Long-running requests
 * take none, but watches do until they have begun. After apiserver server/filters/priority-and-fairness.go v1.36.
 */
export function priorityAndFairness(options: PriorityAndFairnessOptions): Step {
  const { controller, clock } = options
  const watches = new WatchCounts()
  return (context, next) => {
    const { info } = context
    if (info.verb !== 'watch' && isLongRunning(info)) return next(context)
    const flow = controller.classify(info, context.user)
    const { level } = flow
    context.responseHeaders = flow.headers
    const distinguisher = distinguisherOf(flow, context)
    const request = {
      work: level.isExempt ? oneSeat : workOf(context, flow, watches, options),
      flow: `${flow.name}\0${distinguisher}`,
      flowHash: () => flowHash(flow.name, distinguisher),
      flowSchema: flow.name,
      arrivalMs: context.receivedMs,
      context,
    }
    const started = level.queues.start(request, () => context.signal)
    const counted = info.verb === 'watch' ? watching(next, watches) : next
    const startMs = clock.monotonicMs()
    const serve = (outcome: Seats | Refusal) => {
      const nowMs = clock.monotonicMs()
      note(flow, outcome, nowMs - startMs)
      return typeof outcome === 'string'
        ? refuse(flow, context, clock.nowMs())
        : hold({ seats: outcome, startMs: nowMs, flow, context, next: counted }, options)
    }
    return started instanceof Promise ? started.then(serve) : serve(started)
  }
}

function distinguisherOf({ schema }: Flow, { user, info }: RequestContext): string {
  const type = schema.spec?.distinguisherMethod?.type
  if (type === 'ByUser') return user.name
  return type === 'ByNamespace' ? info.namespace : ''
}

/** Counts what became of a request, and how long that took. */
function note({ statistics }: Flow, outcome: Seats | Refusal, waitedMs: number): void {
  if (typeof outcome === 'string') {
    statistics.rejected[outcome] = (statistics.rejected[outcome] ?? 0) + 1
    statistics.waited.refused.observe(waitedMs / 1000)
  } else {
    statistics.dispatched++
    statistics.waited.served.observe(waitedMs / 1000)
  }
}

interface Held {
  readonly seats: Seats
  readonly startMs: number
  readonly flow: Flow
  readonly context: RequestContext
  readonly next: Handler
}

/** Keeps the seats until the answer is known. */
async function hold(
  { seats, startMs, flow, context, next }: Held,
  { clock, inFlight }: PriorityAndFairnessOptions,
): Promise<Answer> {
  const kind = readVerbs.has(context.info.verb) ? 'reading' : 'mutating'
  inFlight[kind]++
  try {
    return await next(context)
  } finally {
    inFlight[kind]--
    seats.release()
    flow.statistics.served.observe((clock.monotonicMs() - startMs) / 1000)
  }
}

function watching(next: Handler, watches: WatchCounts): Handler {
  return async (context) => {
    const answer = await next(context)
    if (answer.kind !== 'watch') return answer
    return { ...answer, stream: watches.counted(answer.stream, context.info) }
  }
}

async function refuse({ level }: Flow, { connection }: RequestContext, nowMs: number): Promise<Answer> {
  level.dropped.record(nowMs)
  return tooManyRequestsAnswer(level.dropped.retryAfterSeconds, connection.transport === 'loopback')
}

function workOf(
  context: RequestContext,
  { level }: Flow,
  watches: WatchCounts,
  { sizeOf }: PriorityAndFairnessOptions,
): WorkEstimate {
  const { info } = context
  if (!info.isResourceRequest || info.verb === 'get') return oneSeat
  if (info.verb !== 'list' && info.verb !== 'watch') {
    const makesNoEvent = info.resource === 'serviceaccounts' && info.subresource === 'token'
    return makesNoEvent ? oneSeat : mutatingWork(watches.interestedIn(info), level.widestRequest)
  }
  if (info.verb === 'watch' && !beginsWithList(context.query)) return oneSeat
  const size = sizeOf(info)
  if (!size) return oneSeat
  const shape = { limit: Number(context.query.get('limit')) || 0, single: info.name !== '' }
  return { ...oneSeat, initialSeats: listSeats(size, shape, level.widestRequest) }
}

function beginsWithList(query: URLSearchParams): boolean {
  const version = query.get('resourceVersion') ?? ''
  return query.get('sendInitialEvents') === 'true' || version === '' || version === '0'
}
