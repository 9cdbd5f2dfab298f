import type { ServiceError } from '@grpc/grpc-js'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Revision } from '../store.ts'
import type { EtcdClient } from './etcd-client.ts'
import type { EtcdEvent, WatchResponse } from './protocol.ts'

export interface WatchFeedOptions {
  readonly client: EtcdClient
  readonly clock: Clock
  readonly log: Logger
  readonly bounds: { readonly key: Buffer; readonly range_end: Buffer }
  /** What is known already: the watch goes on after it. */
  readonly revision: () => Revision
  /** Events of whole revisions, in order; or none, when etcd has gone through `revision` without one. */
  readonly onEvents: (events: readonly EtcdEvent[], revision: Revision) => void
  /** etcd compacted what was missed. Resolves when the state is listed anew. */
  readonly onLostHistory: () => Promise<void>
}

/** Waits between two attempts to watch: doubled from the first to the last. */
const firstWaitMs = 100
const lastWaitMs = 5_000

type SessionEnd = 'lostHistory' | 'closed'

/** One watch over everything the store holds, kept up for as long as the store is open. */
export class WatchFeed {
  readonly #options: WatchFeedOptions

  constructor(options: WatchFeedOptions) {
    this.#options = options
  }

  /** Ends with `signal`. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, client, onLostHistory, revision } = this.#options
    let waitMs = firstWaitMs
    while (!signal.aborted) {
      const before = revision()
      try {
        const end = await this.#session(signal)
        if (end === 'lostHistory') await onLostHistory()
      } catch (error) {
        if (signal.aborted) return
        waitMs = revision() > before ? firstWaitMs : Math.min(waitMs * 2, lastWaitMs)
        log.warn('the watch of etcd broke, trying again', { revision: revision(), waitMs, error })
        client.moveOn()
        await clock.sleep(waitMs, signal)
      }
    }
  }

  /** One stream from its first to its last response. Rejects when it breaks. */
  async #session(signal: AbortSignal): Promise<SessionEnd> {
    const { client, bounds, revision } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<SessionEnd>()
    const stream = client.watch()
    const cancel = () => stream.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    let parts: EtcdEvent[] = []
    stream.on('data', (response: WatchResponse) => {
      if (response.canceled) {
        if (response.compact_revision > 0) resolve('lostHistory')
        else reject(new Error(`etcd ended the watch: ${response.cancel_reason}`))
        return
      }
      parts.push(...response.events)
      // The rest of a revision that is too large for one response follows at once.
      if (response.fragment || response.created) return
      const events = parts
      parts = []
      this.#options.onEvents(events, events.at(-1)?.kv.mod_revision ?? response.header.revision)
    })
    stream.on('error', (error: ServiceError) => reject(error))
    stream.on('end', () => reject(new Error('etcd closed the watch')))
    stream.write({
      create_request: { ...bounds, start_revision: revision() + 1, progress_notify: true, fragment: true },
    })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', cancel)
      stream.cancel()
    }
  }
}
