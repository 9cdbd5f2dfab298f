import type { Clock, Timer } from '../../platform/clock.ts'
import type { RequestContext } from '../request.ts'
import type { SeatDemand } from './seat-demand.ts'
import { dealHand } from './shuffle-sharding.ts'
import type { WorkEstimate } from './work-estimate.ts'

/** How a priority level queues. `queues` 0: it refuses instead; -1: it never limits. */
export interface Queuing {
  readonly queues: number
  readonly handSize: number
  readonly queueLengthLimit: number
}

/** A request on its way through a priority level. */
export interface FlowRequest {
  readonly work: WorkEstimate
  /** What shuffle sharding tells flows apart by. */
  readonly flowHash: () => bigint
  /** The key under which the flow's hand is remembered. */
  readonly flow: string
  readonly flowSchema: string
  readonly arrivalMs: number
  /** For people who look at what is waiting. */
  readonly context: RequestContext
}

export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out'

/** Seats that a request holds until it is done. */
export interface Seats {
  release(): void
}

export type Started = Seats | Promise<Seats | Refusal> | Refusal

export interface QueueSetOptions {
  readonly clock: Clock
  readonly demand: SeatDemand
  /** How long a request may wait in its queue. */
  readonly waitLimitMs: number
}

/** The guess at how long a request takes, until it is known. */
const estimatedServiceMs = 3

/** Hands of flows that were dealt already. */
const rememberedHands = 10_000

/** One queue. */
interface Queue {
  readonly waiting: Ticket[]
  executing: number
  seatsInUse: number
  /** Of the waiting, in seat-milliseconds. */
  waitingWork: number
  /** The reading of the progress meter at which the next request would be dispatched in a fair world. */
  nextDispatchR: number
}

/** A request while it waits and is served. */
export interface Ticket extends Seats {
  readonly request: FlowRequest
  readonly seats: number
  readonly queue: Queue | undefined
  /** The progress meter when it came. */
  readonly arrivalR: number
  startMs: number | undefined
  /** Set while somebody waits for it. */
  onStart: (() => void) | undefined
}

/**
 * Fair queuing of one priority level: flows that ask for more than their part wait, the others do not notice. Time is
 * virtual: it advances by what each busy queue would get. After apiserver util/flowcontrol/fairqueuing/queueset v1.36;
 * sums that upstream makes over all queues each time are kept up to date instead.
 */
export class QueueSet {
  readonly #clock: Clock
  readonly #demand: SeatDemand
  readonly #waitLimitMs: number
  #queuing: Queuing = { queues: 0, handSize: 1, queueLengthLimit: 1 }
  #limit = 0
  #queues: Queue[] = []
  readonly #hands = new Map<string, readonly number[]>()
  /** Progress meter: seat-milliseconds given to each busy queue since the start. */
  #progress = 0
  #syncedMs = 0
  #busyQueues = 0
  #robin = -1
  #enqueued = 0
  readonly #withWaiting = new Set<number>()
  readonly #executingTickets = new Set<Ticket>()
  waiting = 0
  executing = 0
  seatsInUse = 0
  seatsWaiting = 0
  dispatched = 0
  rejected = 0
  timedOut = 0

  constructor({ clock, demand, waitLimitMs }: QueueSetOptions) {
    this.#clock = clock
    this.#demand = demand
    this.#waitLimitMs = waitLimitMs
  }

  get isIdle(): boolean {
    return this.waiting === 0 && this.executing === 0
  }

  get limit(): number {
    return this.#limit
  }

  /** Takes effect at once; queues that are too many go when they are empty. */
  configure(queuing: Queuing, limit: number): void {
    if (queuing.queues !== this.#queuing.queues || queuing.handSize !== this.#queuing.handSize) this.#hands.clear()
    this.#queuing = queuing
    this.#limit = limit
    while (this.#queues.length < queuing.queues) this.#queues.push(emptyQueue())
    this.#dropSpareQueues()
    this.#dispatch(this.#clock.monotonicMs())
  }

  /** Seats at once, a promise of them, or why there are none. */
  start(request: FlowRequest, signal: () => AbortSignal): Started {
    const seats = Math.max(request.work.initialSeats, request.work.finalSeats)
    const nowMs = this.#clock.monotonicMs()
    if (this.#queuing.queues < 1) return this.#startWithoutQueue(request, seats, nowMs)
    this.#advance(nowMs)
    const index = this.#chooseQueue(request)
    const queue = this.#queues[index]!
    if (this.seatsInUse >= this.#limit && queue.waiting.length >= this.#queuing.queueLengthLimit) {
      this.rejected++
      return 'queue-full'
    }
    const ticket = this.#ticket(request, seats, queue)
    this.#enqueue(ticket, index, nowMs)
    const startsNow = this.waiting === 1 && this.seatsInUse < this.#limit && this.#fits(seats)
    const started = startsNow ? ticket : this.#startOf(ticket, index, signal)
    this.#dispatch(nowMs)
    return started
  }

  /** What is waiting and being served, for people who look. */
  dump(): QueueSetDump {
    return {
      queues: this.#queues.map((queue) => ({
        waiting: queue.waiting,
        executing: [...this.#executingTickets].filter((ticket) => ticket.queue === queue),
        seatsInUse: queue.seatsInUse,
        nextDispatchR: queue.nextDispatchR,
        waitingWork: queue.waitingWork,
      })),
      queueless: [...this.#executingTickets].filter(({ queue }) => queue === undefined),
    }
  }

  #startWithoutQueue(request: FlowRequest, seats: number, nowMs: number): Started {
    if (this.#queuing.queues === 0 && !this.#fits(seats)) {
      this.rejected++
      return 'concurrency-limit'
    }
    const ticket = this.#ticket(request, seats, undefined)
    this.#execute(ticket, nowMs)
    this.#noteDemand(nowMs)
    return ticket
  }

  #ticket(request: FlowRequest, seats: number, queue: Queue | undefined): Ticket {
    const ticket: Ticket = {
      request,
      seats,
      queue,
      arrivalR: this.#progress,
      startMs: undefined,
      onStart: undefined,
      release: () => this.#finish(ticket),
    }
    return ticket
  }

  /** Resolves when the request is dispatched, or has waited for too long, or its client is gone. */
  #startOf(ticket: Ticket, index: number, signal: () => AbortSignal): Promise<Seats | Refusal> {
    const { promise, resolve } = Promise.withResolvers<Seats | Refusal>()
    const aborted = signal()
    const giveUp = () => {
      this.#giveUp(ticket, index)
      forget()
      resolve('time-out')
    }
    const timer: Timer = this.#clock.setTimer(this.#waitLimitMs, giveUp).unref()
    const forget = () => {
      ticket.onStart = undefined
      timer.cancel()
      aborted.removeEventListener('abort', giveUp)
    }
    aborted.addEventListener('abort', giveUp, { once: true })
    ticket.onStart = () => {
      forget()
      resolve(ticket)
    }
    return promise
  }

  /** Out of the queue without having been served. */
  #giveUp(ticket: Ticket, index: number): void {
    const queue = ticket.queue!
    const nowMs = this.#clock.monotonicMs()
    this.#advance(nowMs)
    queue.waiting.splice(queue.waiting.indexOf(ticket), 1)
    this.#leaveQueue(ticket, index)
    boundNextDispatch(queue)
    this.rejected++
    this.timedOut++
    this.#noteDemand(nowMs)
    // What it kept waiting may be narrower.
    this.#dispatch(nowMs)
  }

  /** The least loaded queue of the flow's hand. */
  #chooseQueue(request: FlowRequest): number {
    const hand = this.#handOf(request)
    const offset = this.#enqueued++ % hand.length
    let best = hand[offset]!
    for (let step = 1; step < hand.length; step++) {
      const index = hand[(offset + step) % hand.length]!
      if (this.#queues[index]!.waitingWork < this.#queues[best]!.waitingWork) best = index
    }
    return best
  }

  #handOf({ flow, flowHash }: FlowRequest): readonly number[] {
    const known = this.#hands.get(flow)
    if (known) return known
    if (this.#hands.size >= rememberedHands) this.#hands.clear()
    const { queues, handSize } = this.#queuing
    const hand = queues === 1 ? [0] : dealHand(flowHash(), queues, handSize)
    this.#hands.set(flow, hand)
    return hand
  }

  #enqueue(ticket: Ticket, index: number, nowMs: number): void {
    const queue = ticket.queue!
    if (queue.waiting.length === 0 && queue.executing === 0) {
      queue.nextDispatchR = this.#progress
      this.#busyQueues++
    }
    queue.waiting.push(ticket)
    queue.waitingWork += totalWork(ticket)
    this.#withWaiting.add(index)
    this.waiting++
    this.seatsWaiting += ticket.seats
    boundNextDispatch(queue)
    this.#noteDemand(nowMs)
  }

  #leaveQueue(ticket: Ticket, index: number): void {
    const queue = ticket.queue!
    queue.waitingWork = queue.waiting.length === 0 ? 0 : queue.waitingWork - totalWork(ticket)
    if (queue.waiting.length === 0) this.#withWaiting.delete(index)
    if (queue.waiting.length === 0 && queue.executing === 0) this.#busyQueues--
    this.waiting--
    this.seatsWaiting -= ticket.seats
  }

  #dispatch(nowMs: number): void {
    while (this.waiting > 0 && this.seatsInUse < this.#limit && this.#dispatchOne(nowMs)) {
      // One after the other, until the next one has to wait.
    }
  }

  #dispatchOne(nowMs: number): boolean {
    const index = this.#nextQueue()
    const queue = this.#queues[index]!
    const ticket = queue.waiting[0]!
    if (!this.#fits(ticket.seats)) return false
    this.#robin = index
    queue.executing++
    queue.waiting.shift()
    this.#leaveQueue(ticket, index)
    queue.nextDispatchR += totalWork(ticket)
    boundNextDispatch(queue)
    queue.seatsInUse += ticket.seats
    this.#execute(ticket, nowMs)
    ticket.onStart?.()
    return true
  }

  /** Where the oldest request would finish first in a fair world; in turn where several would. */
  #nextQueue(): number {
    let best = -1
    let bestFinish = Number.POSITIVE_INFINITY
    let bestTurn = 0
    for (const index of this.#withWaiting) {
      const queue = this.#queues[index]!
      const finish = queue.nextDispatchR + totalWork(queue.waiting[0]!)
      const turn = (index - this.#robin - 1 + this.#queues.length) % this.#queues.length
      if (finish > bestFinish || (finish === bestFinish && turn > bestTurn)) continue
      best = index
      bestFinish = finish
      bestTurn = turn
    }
    return best
  }

  #fits(seats: number): boolean {
    // What is wider than the whole level waits until it is alone.
    if (seats > this.#limit) return this.executing === 0
    return this.seatsInUse + seats <= this.#limit
  }

  #execute(ticket: Ticket, nowMs: number): void {
    ticket.startMs = nowMs
    this.executing++
    this.dispatched++
    this.seatsInUse += ticket.seats
    this.#executingTickets.add(ticket)
  }

  #finish(ticket: Ticket): void {
    if (!this.#executingTickets.delete(ticket)) return
    const nowMs = this.#clock.monotonicMs()
    this.#advance(nowMs)
    this.executing--
    const { queue, request } = ticket
    if (queue) {
      const servedMs = nowMs - ticket.startMs!
      queue.executing--
      queue.nextDispatchR -= request.work.initialSeats * (estimatedServiceMs - servedMs)
      boundNextDispatch(queue)
      if (queue.waiting.length === 0 && queue.executing === 0) this.#busyQueues--
    }
    if (request.work.additionalLatencyMs <= 0) this.#releaseSeats(ticket, nowMs)
    else this.#clock.setTimer(request.work.additionalLatencyMs, () => this.#linger(ticket)).unref()
  }

  /** The end of the time in which a change is sent to its watchers. */
  #linger(ticket: Ticket): void {
    const nowMs = this.#clock.monotonicMs()
    this.#advance(nowMs)
    this.#releaseSeats(ticket, nowMs)
  }

  #releaseSeats({ queue, seats }: Ticket, nowMs: number): void {
    this.seatsInUse -= seats
    if (queue) queue.seatsInUse -= seats
    this.#noteDemand(nowMs)
    this.#dropSpareQueues()
    this.#dispatch(nowMs)
  }

  #dropSpareQueues(): void {
    while (this.#queues.length > Math.max(0, this.#queuing.queues)) {
      const last = this.#queues.at(-1)!
      if (last.waiting.length > 0 || last.executing > 0 || last.seatsInUse > 0) return
      this.#queues.pop()
    }
  }

  /** Moves virtual time on, by what was the state until now. */
  #advance(nowMs: number): void {
    const spanMs = nowMs - this.#syncedMs
    this.#syncedMs = nowMs
    if (this.#busyQueues === 0) return
    const seats = Math.min(this.seatsInUse + this.seatsWaiting, this.#limit)
    this.#progress += (seats / this.#busyQueues) * spanMs
  }

  #noteDemand(nowMs: number): void {
    this.#demand.set(this.seatsInUse + this.seatsWaiting, nowMs)
  }
}

export interface QueueSetDump {
  readonly queues: readonly QueueDump[]
  /** Being served without a queue. */
  readonly queueless: readonly Ticket[]
}

export interface QueueDump {
  readonly waiting: readonly Ticket[]
  readonly executing: readonly Ticket[]
  readonly seatsInUse: number
  readonly nextDispatchR: number
  readonly waitingWork: number
}

function emptyQueue(): Queue {
  return { waiting: [], executing: 0, seatsInUse: 0, waitingWork: 0, nextDispatchR: 0 }
}

/** In seat-milliseconds. */
function totalWork({ request: { work } }: Ticket): number {
  return work.initialSeats * estimatedServiceMs + work.finalSeats * work.additionalLatencyMs
}

/** A queue that cannot use its part saves up nothing: no request is dispatched before it has come. */
function boundNextDispatch(queue: Queue): void {
  const oldest = queue.waiting[0]
  if (oldest && queue.nextDispatchR < oldest.arrivalR) queue.nextDispatchR = oldest.arrivalR
}
