import type { WorkQueue } from '../../client/work-queue.ts'
import type { Logger } from '../../platform/log.ts'

export interface WorkLoopOptions {
  readonly queue: WorkQueue
  /** Brings one key up to date; what it throws is logged, and the key tried again later. */
  readonly sync: (key: string, signal: AbortSignal) => Promise<void>
  readonly log: Logger
  readonly workers: number
}

/** Works on the keys of a queue until `signal` aborts; then the queue is shut down. */
export async function workLoop({ queue, sync, log, workers }: WorkLoopOptions, signal: AbortSignal): Promise<void> {
  const stop = () => queue.shutDown()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  const work = async () => {
    for (let key = await queue.next(); key !== undefined && !signal.aborted; key = await queue.next()) {
      try {
        await sync(key, signal)
        queue.forget(key)
      } catch (error) {
        if (!signal.aborted) log.warn('an API service could not be brought up to date', { name: key, error })
        queue.addRateLimited(key)
      }
      queue.done(key)
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
}
