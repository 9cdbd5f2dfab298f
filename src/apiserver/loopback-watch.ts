import type { ApiWatchEvent } from '../client/transport.ts'
import type { DeepReadonly, KubeObject, WatchEventType } from '../machinery/object.ts'
import type { WatchAnswer, WatchSink } from './request.ts'

/** How many events may wait for a slow reader, beside those of the first burst, which lists what there is. */
const maxQueuedEvents = 10_000

/**
 * A watch as its reader sees it. Events wait as references to shared objects. The watch of a reader that falls behind
 * by more than the bound ends, as one over HTTP does: what it has read is whole, and it may go on from there.
 */
export class LoopbackWatch implements WatchSink, AsyncIterable<ApiWatchEvent> {
  readonly #answer: WatchAnswer
  readonly #signal: AbortSignal
  readonly #onAbort = () => this.#stop()
  #queue: ApiWatchEvent[] = []
  #limit = Number.POSITIVE_INFINITY
  #ended = false
  #wake: (() => void) | undefined

  constructor(answer: WatchAnswer, signal: AbortSignal) {
    this.#answer = answer
    this.#signal = signal
    answer.start(this)
    this.#limit = this.#queue.length + maxQueuedEvents
    if (signal.aborted) this.#stop()
    else signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  event({ type, object }: { type: string; object: DeepReadonly<KubeObject> }): void {
    if (this.#ended) return
    if (this.#queue.length < this.#limit) this.#queue.push({ type: type as WatchEventType, object })
    else this.#overflow()
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<ApiWatchEvent> {
    try {
      for (;;) {
        // Taken in batches: shifting single events off a long queue would move all the others each time.
        const batch = this.#queue
        this.#queue = []
        yield* batch
        if (this.#queue.length > 0) continue
        if (this.#ended) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    } finally {
      this.#stop()
    }
  }

  #overflow(): void {
    this.#queue = []
    this.#stop()
  }

  #stop(): void {
    // An informer opens watch after watch under one signal: none of them may stay behind on it.
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#answer.stop()
    this.end()
  }
}
