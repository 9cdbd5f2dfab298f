/** What a side may send on a stream before it hears again: SPDY draft 3.1, section 2.6.8. */
export const initialWindowBytes = 64 * 1024

/** How many bytes may still be sent on a stream; without limit unless the other side controls its flow. */
export class SendWindow {
  readonly #initialBytes: () => number | undefined
  #sentBytes = 0
  #grantedBytes = 0
  #resume: (() => void) | undefined

  constructor(initialBytes: () => number | undefined) {
    this.#initialBytes = initialBytes
  }

  /** How many of `wanted` bytes may go out now. */
  available(wanted: number): number {
    const initialBytes = this.#initialBytes()
    if (initialBytes === undefined) return wanted
    return Math.max(0, Math.min(wanted, initialBytes + this.#grantedBytes - this.#sentBytes))
  }

  take(bytes: number): void {
    this.#sentBytes += bytes
  }

  grant(bytes: number): void {
    this.#grantedBytes += bytes
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  /** Calls `resume` once, after the next grant. A stream has one writer, so one may wait at a time. */
  onGrant(resume: () => void): void {
    this.#resume = resume
  }
}
