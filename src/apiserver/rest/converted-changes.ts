import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Entry } from '../../store/store.ts'
import { convertEntries } from './remote-conversion.ts'

/** Deliveries that may wait for conversions; a watch that has more is lost, as one whose client does not read is. */
const mostWaiting = 10_000

interface Delivery {
  readonly entries: readonly Entry[]
  readonly deliver: () => void
}

export interface ConvertedChangesOptions {
  readonly definition: ResourceDefinition
  /** A conversion failed, or too much waits: nothing is delivered any more. */
  readonly onFailure: (error: StatusError) => void
}

/** Delivers in order, each when what it shows has been converted. What has come meanwhile shares the next call. */
export class ConvertedChanges {
  readonly #options: ConvertedChangesOptions
  #waiting: Delivery[] = []
  #isConverting = false
  #isStopped = false

  constructor(options: ConvertedChangesOptions) {
    this.#options = options
  }

  push(entries: readonly Entry[], deliver: () => void): void {
    if (this.#isStopped) return
    this.#waiting.push({ entries, deliver })
    if (this.#waiting.length > mostWaiting) {
      this.#fail(new StatusError({ code: 500, message: 'too many events wait for their conversion' }))
    } else if (!this.#isConverting) {
      this.#isConverting = true
      this.#deliverAll().catch((error: Error) => this.#fail(error))
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#waiting = []
  }

  async #deliverAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const deliveries = this.#waiting
      this.#waiting = []
      await convertEntries(
        deliveries.flatMap(({ entries }) => entries),
        this.#options.definition,
      )
      for (const { deliver } of deliveries) if (!this.#isStopped) deliver()
    }
    this.#isConverting = false
  }

  #fail(error: Error): void {
    if (this.#isStopped) return
    this.stop()
    this.#options.onFailure(
      error instanceof StatusError ? error : new StatusError({ code: 500, message: error.message }),
    )
  }
}
