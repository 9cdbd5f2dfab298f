import type { Clock, Timer } from '../../platform/clock.ts'
import type { WatchAnswer, WatchSink } from '../request.ts'
import type { WatchEventToSend, WatchFramer } from './encode.ts'
import type { Encoding } from './negotiate.ts'
import type { ResponseStream } from './responder.ts'

export interface WatchResponseOptions {
  readonly answer: WatchAnswer
  readonly stream: ResponseStream
  readonly framer: WatchFramer
  readonly encoding: Encoding
  readonly clock: Clock
  /** Called once, when no more will be sent. */
  readonly onEnd: () => void
}

/**
 * How many events may wait for a slow client beside those of the first burst, which lists what there is. As many as
 * the largest channel of upstream's cacher has room for. An event that waits is a reference to what all watchers share.
 */
const maxQueuedEvents = 1_000

/** How long a client that reads nothing is waited for at the end of its stream. */
const lastWordsMs = 5_000

/**
 * Sends a watch. Events that the client is not ready for wait as references to shared objects, not as bytes. The stream
 * of a client that falls behind by more than the bound ends without a word, so that it costs the server nothing more:
 * what it has read is whole, and it may go on from there. After cacheWatcher.add of storage/cacher v1.36.
 */
export class WatchResponse implements WatchSink {
  readonly #options: WatchResponseOptions
  #queue: WatchEventToSend[] = []
  #sent = 0
  #limit = Number.POSITIVE_INFINITY
  #blocked = false
  #state: 'open' | 'ending' | 'closed' = 'open'
  #deadline: Timer | undefined

  constructor(options: WatchResponseOptions) {
    this.#options = options
    options.stream.onDrain(() => this.#drain())
  }

  start(): void {
    this.#options.answer.start(this)
    this.#limit = this.#queue.length + maxQueuedEvents
  }

  event(event: WatchEventToSend): void {
    if (this.#state !== 'open') return
    if (this.#blocked) this.#enqueue(event)
    else this.#write(event)
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    if (!this.#blocked) this.#finish()
    else this.#deadline = this.#options.clock.setTimer(lastWordsMs, () => this.#cut()).unref()
  }

  /** The client is gone. */
  closed(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#queue = []
    this.#deadline?.cancel()
    this.#options.answer.stop()
    this.#options.onEnd()
  }

  #enqueue(event: WatchEventToSend): void {
    if (this.#queue.length - this.#sent < this.#limit) {
      this.#queue.push(event)
      return
    }
    this.#queue = []
    this.#sent = 0
    // Ends the watch now, and the response when the client reads on or has had its time.
    this.#options.answer.stop()
    this.end()
  }

  #write(event: WatchEventToSend): void {
    this.#blocked = !this.#options.stream.write(this.#options.framer.frame(event, this.#options.encoding))
  }

  #drain(): void {
    if (this.#state === 'closed') return
    this.#blocked = false
    while (this.#sent < this.#queue.length && !this.#blocked) this.#write(this.#queue[this.#sent++]!)
    this.#forgetSent()
    if (this.#queue.length === 0 && this.#state === 'ending' && !this.#blocked) this.#finish()
  }

  /** Of a client that is never quite up to date, too. By halves, so that moving the others costs next to nothing. */
  #forgetSent(): void {
    if (this.#sent * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#sent)
    this.#sent = 0
    if (this.#queue.length === 0) this.#limit = maxQueuedEvents
  }

  #finish(): void {
    this.#options.stream.end()
    this.closed()
  }

  #cut(): void {
    this.#options.stream.destroy()
    this.closed()
  }
}
