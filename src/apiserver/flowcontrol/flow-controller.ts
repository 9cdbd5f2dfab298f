import { createHash } from 'node:crypto'
import type { Registry } from 'prom-client'
import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import type { RequestInfo, UserInfo } from '../request.ts'
import { allocate, type Claim } from './concurrency-allocation.ts'
import { compileRules, type FlowMatcher } from './flow-schema-rules.ts'
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from './mandatory-objects.ts'
import { FlowMetrics, type FlowStatistics } from './metrics.ts'
import { PriorityLevel } from './priority-level.ts'

export interface FlowControllerOptions {
  readonly clock: Clock
  /** Seats of the whole server: upstream's --max-requests-inflight and --max-mutating-requests-inflight together. */
  readonly serverSeats: number
  readonly waitLimitMs: number
  /** Where the metrics are put. */
  readonly registry: Registry
}

/** A FlowSchema at work. */
export interface Flow {
  readonly schema: DeepReadonly<FlowSchema>
  readonly name: string
  readonly matches: FlowMatcher
  readonly level: PriorityLevel
  /** Of every answer: by uid, so that clients learn no names. */
  readonly headers: Readonly<Record<string, string>>
  readonly statistics: FlowStatistics
}

/** Seats are lent and given back in periods of this length. After apf_controller.go borrowingAdjustmentPeriod v1.36. */
const borrowingPeriodMs = 10_000

/**
 * Which request belongs to which priority level, and how many seats each has. Borrowing is settled when the next
 * request comes after a period's end, so that an idle server does nothing. After util/flowcontrol/apf_controller.go.
 */
export class FlowController {
  readonly #options: FlowControllerOptions
  readonly #metrics: FlowMetrics
  readonly #levels = new Map<string, PriorityLevel>()
  #flows: readonly Flow[] = []
  #periodEndMs: number
  #nominalSum = 0

  constructor(options: FlowControllerOptions) {
    this.#options = options
    this.#metrics = new FlowMetrics(options.registry, () => this.levels)
    this.#periodEndMs = options.clock.monotonicMs() + borrowingPeriodMs
    this.configure([], [])
  }

  get levels(): readonly PriorityLevel[] {
    return [...this.#levels.values()]
  }

  get flows(): readonly Flow[] {
    return this.#flows
  }

  /** Takes over the objects as they are now. Schemas whose level is missing do not count. */
  configure(
    schemas: readonly DeepReadonly<FlowSchema>[],
    configurations: readonly DeepReadonly<PriorityLevelConfiguration>[],
  ): void {
    const wantedLevels = byName([...mandatoryPriorityLevels, ...configurations.filter(isUsable)])
    for (const [name, configuration] of wantedLevels) this.#takeLevel(name, configuration)
    for (const [name, level] of this.#levels) {
      level.quiescing = !wantedLevels.has(name)
      if (level.quiescing && level.queues.isIdle) this.#levels.delete(name)
    }
    const wantedSchemas = byName([...mandatoryFlowSchemas, ...schemas])
    this.#flows = [...wantedSchemas.values()]
      .filter(({ spec }) => wantedLevels.has(spec?.priorityLevelConfiguration.name ?? ''))
      .sort(byPrecedence)
      .map((schema) => this.#flow(schema))
    this.#divide()
  }

  /** Where a request belongs. There is always a place: `catch-all` takes whoever is left. */
  classify(info: RequestInfo, user: UserInfo): Flow {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs >= this.#periodEndMs) this.#settle(nowMs)
    for (const flow of this.#flows) if (flow.matches(info, user)) return flow
    return this.#flows.find(({ name }) => name === 'catch-all')!
  }

  #takeLevel(name: string, configuration: DeepReadonly<PriorityLevelConfiguration>): void {
    const known = this.#levels.get(name)
    if (known) known.configuration = configuration
    else this.#levels.set(name, new PriorityLevel(configuration, this.#options.clock, this.#options.waitLimitMs))
  }

  #flow(schema: DeepReadonly<FlowSchema>): Flow {
    const level = this.#levels.get(schema.spec!.priorityLevelConfiguration.name)!
    const name = schema.metadata?.name ?? ''
    return {
      schema,
      name,
      matches: compileRules(schema),
      level,
      headers: Object.freeze({
        'x-kubernetes-pf-flowschema-uid': schema.metadata?.uid ?? '',
        'x-kubernetes-pf-prioritylevel-uid': level.configuration.metadata?.uid ?? '',
      }),
      statistics: this.#metrics.of(name, level.name),
    }
  }

  /** Nominal limits, by shares; rounding up may give a few seats more than there are. */
  #divide(): void {
    const { serverSeats } = this.#options
    const shares = this.levels.reduce((sum, level) => sum + level.shares, 0)
    for (const level of this.levels) {
      level.setShare(shares === 0 ? 0 : Math.ceil((serverSeats * level.shares) / shares), serverSeats)
    }
    this.#nominalSum = this.levels.reduce((sum, { limits }) => sum + limits.nominal, 0)
    for (const { demand } of this.levels) demand.endPeriod(this.#options.clock.monotonicMs())
    this.#borrow()
  }

  #settle(nowMs: number): void {
    const missed = Math.floor((nowMs - this.#periodEndMs) / borrowingPeriodMs)
    this.#periodEndMs = nowMs + borrowingPeriodMs
    for (const { demand } of this.levels) {
      demand.endPeriod(nowMs)
      if (missed > 0) demand.skipPeriods(missed)
    }
    this.#borrow()
  }

  /** Current limits: what nobody needs is lent to who does. After updateBorrowingLocked. */
  #borrow(): void {
    const limited = this.levels.filter(({ isExempt }) => !isExempt)
    let remaining = this.#nominalSum
    for (const level of this.levels) {
      if (!level.isExempt) continue
      level.currentLimit = Math.max(level.limits.least, level.demand.highWatermark)
      remaining -= level.currentLimit
    }
    const claims = limited.map(claimOf)
    const seats = this.#share(limited, claims, remaining)
    limited.forEach((level, index) => {
      level.currentLimit = seats[index]!
    })
    for (const level of this.levels) level.apply()
  }

  #share(levels: readonly PriorityLevel[], claims: readonly Claim[], remaining: number): number[] {
    const leastSum = levels.reduce((sum, { limits }) => sum + limits.least, 0)
    const needed = claims.reduce((sum, { lowerBound }) => sum + lowerBound, 0)
    if (remaining <= leastSum) return levels.map(({ limits }) => limits.least)
    if (remaining <= needed) {
      const fraction = (remaining - leastSum) / (needed - leastSum)
      return levels.map(({ limits }, index) => {
        return limits.least + Math.round((claims[index]!.lowerBound - limits.least) * fraction)
      })
    }
    const allocated = allocate(this.#nominalSum, claims)
    return allocated ? allocated.map(Math.round) : levels.map(({ currentLimit }) => currentLimit)
  }
}

function claimOf({ limits, demand }: PriorityLevel): Claim {
  const lowerBound = Math.max(limits.least, Math.min(limits.nominal, demand.highWatermark))
  return { lowerBound, upperBound: limits.most, target: Math.max(lowerBound, demand.smoothed) }
}

/** The first eight bytes of a digest of schema and flow, as upstream. */
export function flowHash(schemaName: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schemaName}\0${distinguisher}`).digest().readBigUInt64LE(0)
}

/** Later ones take the place of earlier ones of the same name. */
function byName<T extends { readonly metadata?: { readonly name?: string } }>(objects: readonly T[]): Map<string, T> {
  return new Map(objects.map((object) => [object.metadata?.name ?? '', object]))
}

/** Only the mandatory level is exempt, and neither it nor others change sides. After queueSetCompleterForPL. */
function isUsable({ metadata, spec }: DeepReadonly<PriorityLevelConfiguration>): boolean {
  return (spec?.type === 'Exempt') === (metadata?.name === 'exempt')
}

function byPrecedence(a: DeepReadonly<FlowSchema>, b: DeepReadonly<FlowSchema>): number {
  const order = (a.spec?.matchingPrecedence ?? 0) - (b.spec?.matchingPrecedence ?? 0)
  return order !== 0 ? order : (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1
}
