import type { PriorityLevelConfiguration } from '../../api/types/flowcontrol/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import { DroppedRequests } from './dropped-requests.ts'
import { QueueSet, type Queuing } from './queue-set.ts'
import { SeatDemand } from './seat-demand.ts'

/** Seats of a level, by its configuration and by what the others leave it. */
export interface SeatLimits {
  readonly nominal: number
  /** What cannot be lent out. */
  readonly least: number
  /** With what can be borrowed. */
  readonly most: number
}

/** One request may take so much of a level. After apf_controller.go priorityLevelMaxSeatsPercent. */
const widestShare = 0.15

const noQueues: Queuing = { queues: 0, handSize: 1, queueLengthLimit: 1 }

/** A PriorityLevelConfiguration at work. */
export class PriorityLevel {
  readonly name: string
  readonly queues: QueueSet
  readonly demand: SeatDemand
  readonly dropped = new DroppedRequests()
  configuration: DeepReadonly<PriorityLevelConfiguration>
  /** No object asks for it any more: it goes when its last request is done. */
  quiescing = false
  limits: SeatLimits = { nominal: 0, least: 0, most: 0 }
  currentLimit = 0

  constructor(configuration: DeepReadonly<PriorityLevelConfiguration>, clock: Clock, waitLimitMs: number) {
    this.name = configuration.metadata?.name ?? ''
    this.configuration = configuration
    this.demand = new SeatDemand(clock.monotonicMs())
    this.queues = new QueueSet({ clock, demand: this.demand, waitLimitMs })
  }

  get isExempt(): boolean {
    return this.configuration.spec?.type === 'Exempt'
  }

  get queuing(): Queuing {
    const { limited } = this.configuration.spec ?? {}
    if (this.isExempt) return { ...noQueues, queues: -1 }
    const { queues = 0, handSize = 1, queueLengthLimit = 1 } = limited?.limitResponse?.queuing ?? {}
    return limited?.limitResponse?.type === 'Queue' ? { queues, handSize, queueLengthLimit } : noQueues
  }

  /** The most seats that one request is estimated at. 0: the level does not say. */
  get widestRequest(): number {
    const { queues, handSize } = this.queuing
    if (queues < 1) return 0
    const { nominal } = this.limits
    return Math.max(1, Math.min(Math.ceil(nominal * widestShare), Math.trunc(nominal / handSize)))
  }

  get shares(): number {
    return sharesOf(this.configuration).nominalConcurrencyShares
  }

  /** Sets what the configuration gives it of the server's seats. */
  setShare(nominal: number, serverSeats: number): void {
    const { lendablePercent = 0, borrowingLimitPercent } = sharesOf(this.configuration)
    const lendable = Math.round((nominal * lendablePercent) / 100)
    const borrowed =
      borrowingLimitPercent === undefined ? serverSeats : Math.round((nominal * borrowingLimitPercent) / 100)
    const isNew = this.limits.nominal === 0 && this.currentLimit === 0
    this.limits = { nominal, least: nominal - lendable, most: nominal + borrowed }
    if (isNew) this.currentLimit = nominal - Math.trunc(lendable / 2)
  }

  apply(): void {
    this.queues.configure(this.queuing, this.currentLimit)
  }
}

const defaultShares = 30

function sharesOf({ spec }: DeepReadonly<PriorityLevelConfiguration>) {
  if (spec?.type === 'Exempt') {
    const { nominalConcurrencyShares = 0, lendablePercent = 0 } = spec.exempt ?? {}
    return { nominalConcurrencyShares, lendablePercent, borrowingLimitPercent: undefined }
  }
  const { nominalConcurrencyShares = defaultShares, lendablePercent, borrowingLimitPercent } = spec?.limited ?? {}
  return { nominalConcurrencyShares, lendablePercent, borrowingLimitPercent }
}
