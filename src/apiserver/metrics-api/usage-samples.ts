import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { NodeReadings } from './resource-metrics.ts'
import { type NodeUsage, usageBetween } from './usage.ts'

/** How old an answer may be before the kubelet is asked again. metrics-server asks as often, whether or not anybody looks. */
const freshMs = 15_000
/** Past this the last answer tells nothing of how much is used now. */
const maxWindowMs = 120_000
/** Between two answers where there was none before: long enough to see what is used, short enough to wait for. */
const firstWindowMs = 1_000
const timeoutMs = 10_000

export interface UsageSamplesOptions {
  /** Asks the kubelet of a node. */
  readonly fetch: (nodeName: string, signal: AbortSignal) => Promise<NodeReadings>
  readonly clock: Clock
  readonly log: Logger
}

interface Sample {
  readonly takenMs: number
  readonly readings: NodeReadings
}

interface NodeState {
  latest?: Sample
  usage?: NodeUsage
  /** While the kubelet is being asked: everybody waits for the same answer. */
  pending?: Promise<NodeUsage | undefined>
}

/** Asks kubelets when somebody wants to know, and not otherwise: a cluster at which nobody looks costs nothing. */
export class UsageSamples {
  readonly #options: UsageSamplesOptions
  readonly #nodes = new Map<string, NodeState>()

  constructor(options: UsageSamplesOptions) {
    this.#options = options
  }

  /** Undefined where the kubelet does not answer. Never rejects. */
  async usageOf(nodeName: string): Promise<NodeUsage | undefined> {
    const state = this.#nodes.get(nodeName) ?? {}
    this.#nodes.set(nodeName, state)
    if (state.usage && this.#ageMs(state.latest!) < freshMs) return state.usage
    state.pending ??= this.#measure(nodeName, state).finally(() => {
      delete state.pending
    })
    return state.pending
  }

  /** Forgets all nodes but these. */
  keep(nodeNames: ReadonlySet<string>): void {
    for (const name of this.#nodes.keys()) if (!nodeNames.has(name)) this.#nodes.delete(name)
  }

  #ageMs({ takenMs }: Sample): number {
    return this.#options.clock.monotonicMs() - takenMs
  }

  async #measure(nodeName: string, state: NodeState): Promise<NodeUsage | undefined> {
    const { clock, log } = this.#options
    delete state.usage
    try {
      let before = state.latest
      if (!before || this.#ageMs(before) > maxWindowMs) {
        before = await this.#take(nodeName)
        await clock.sleep(firstWindowMs)
      }
      state.latest = await this.#take(nodeName)
      state.usage = usageBetween(before.readings, state.latest.readings)
      return state.usage
    } catch (error) {
      log.debug('the usage of a node cannot be told', { node: nodeName, error })
      return undefined
    }
  }

  async #take(nodeName: string): Promise<Sample> {
    const { clock, fetch } = this.#options
    const expiry = new AbortController()
    const timer = clock.setTimer(timeoutMs, () => expiry.abort(new Error('the kubelet did not answer in time')))
    try {
      return { readings: await fetch(nodeName, expiry.signal), takenMs: clock.monotonicMs() }
    } finally {
      timer.cancel()
    }
  }
}
