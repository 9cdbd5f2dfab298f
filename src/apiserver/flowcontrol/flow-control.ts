import type { Registry } from 'prom-client'
import type { Client } from '../../client/client.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Store } from '../../store/store.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { Answer, RequestContext, Step } from '../request.ts'
import { collectionSizes } from './collection-sizes.ts'
import { flowControlDebug } from './debug.ts'
import { FlowController } from './flow-controller.ts'
import { maintainFlowControl } from './maintain-configuration.ts'
import type { InFlight, InFlightLimits } from './max-in-flight.ts'
import { priorityAndFairness } from './priority-and-fairness.ts'

export interface FlowControlOptions {
  readonly clock: Clock
  /** Where the metrics are put. */
  readonly metrics: Registry
  readonly log: Logger
  readonly store: Store
  readonly registry: ResourceRegistry
  readonly reader: ObjectReader
  /** An administrator's, for the objects that configure flow control. */
  readonly client: Client
  readonly inFlight: InFlight
  /** Together they are the seats of the whole server. */
  readonly limits: InFlightLimits
}

/** API priority and fairness, put together. */
export interface FlowControl {
  readonly controller: FlowController
  readonly step: Step
  /** Answers the paths below `/debug/api_priority_and_fairness/`. */
  readonly debug: (context: RequestContext) => Answer | undefined
  /** Follows the configuration until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** A request waits at most for a quarter of the time it has: 60 seconds. */
const waitLimitMs = 15_000

export function createFlowControl(options: FlowControlOptions): FlowControl {
  const { clock, limits, inFlight, metrics: registry } = options
  const controller = new FlowController({ clock, serverSeats: limits.reading + limits.mutating, waitLimitMs, registry })
  return {
    controller,
    step: priorityAndFairness({ controller, clock, inFlight, sizeOf: collectionSizes(options) }),
    debug: flowControlDebug(controller),
    run: (signal) => maintainFlowControl({ ...options, controller }, signal),
  }
}
