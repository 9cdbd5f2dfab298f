import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import { untilSynced } from '../client/until-synced.ts'
import { createWorkQueue, type WorkQueue } from '../client/work-queue.ts'
import { isStatus } from '../machinery/status.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { Controller, ControllerInstance, ControllerSettings } from './controller.ts'

export interface RunControllerOptions {
  readonly controller: Controller
  /** With the controller's own identity. */
  readonly client: Client
  readonly informers: SharedInformers
  readonly clock: Clock
  readonly log: Logger
  readonly settings: ControllerSettings
  readonly observe?: ReconcileObserver
}

/** Called after each reconcile, for metrics. */
export type ReconcileObserver = (reconciled: {
  readonly controller: string
  readonly outcome: 'done' | 'requeued' | 'failed'
  readonly durationMs: number
  /** Keys that wait. */
  readonly depth: number
}) => void

const defaultWorkers = 5

/** Runs one controller until `signal` aborts. Whoever calls runs the informers. */
export async function runController(options: RunControllerOptions, signal: AbortSignal): Promise<void> {
  const { controller, client, informers, clock, settings } = options
  const log = options.log.child({ controller: controller.name })
  const queue = createWorkQueue({ clock })
  const component = controller.eventSource ?? controller.name
  const events = createEventRecorder({ client, component, clock, log, signal })
  const instance = controller.create({ client, informers, queue, events, clock, log, settings })
  const unsubscribe = instance.watches.map((watch) => watch.subscribe(queue.add))
  const stop = () => queue.shutDown()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    // Deciding on half a cache would delete what is only not listed yet.
    if (!(await untilSynced(instance.watches, signal))) return
    const workers = Array.from({ length: controller.workers ?? defaultWorkers }, () =>
      work({ ...options, log }, instance, queue, signal),
    )
    await Promise.all([...workers, instance.run?.(signal)])
    await events.flush()
  } finally {
    for (const remove of unsubscribe) remove()
  }
}

async function work(
  { controller, clock, log, observe }: RunControllerOptions,
  instance: ControllerInstance,
  queue: WorkQueue,
  signal: AbortSignal,
): Promise<void> {
  for (let key = await queue.next(); key !== undefined && !signal.aborted; key = await queue.next()) {
    const startedMs = clock.monotonicMs()
    const outcome = await reconcileOnce({ instance, queue, log, key, signal })
    queue.done(key)
    const durationMs = clock.monotonicMs() - startedMs
    observe?.({ controller: controller.name, outcome, durationMs, depth: queue.length })
  }
}

interface Attempt {
  readonly instance: ControllerInstance
  readonly queue: WorkQueue
  readonly log: Logger
  readonly key: string
  readonly signal: AbortSignal
}

async function reconcileOnce({ instance, queue, log, key, signal }: Attempt): Promise<'done' | 'requeued' | 'failed'> {
  try {
    const result = await instance.reconcile(key, signal)
    queue.forget(key)
    if (result?.requeueAfterMs === undefined) return 'done'
    queue.addAfter(key, result.requeueAfterMs)
    return 'requeued'
  } catch (error) {
    if (signal.aborted) return 'done'
    if (isStatus(error, 'TooManyRequests')) {
      queue.addAfter(key, 1000 * (error.status.details?.retryAfterSeconds ?? 1))
      return 'requeued'
    }
    queue.addRateLimited(key)
    // A lost race, or an object that went meanwhile, heals with the next event; anything else may concern a person.
    const retries = queue.retriesOf(key)
    if (isStatus(error, 'Conflict', 'NotFound')) log.debug('object changed meanwhile, trying again', { key, retries })
    else log.warn('reconcile failed, trying again', { key, retries, error })
    return 'failed'
  }
}
