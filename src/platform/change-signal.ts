/** Remembers that something changed until it is asked: for loops that look at the whole state again. */
export class ChangeSignal {
  #changed = true
  #wake: (() => void) | undefined

  readonly notify = (): void => {
    this.#changed = true
    this.#wake?.()
  }

  /** Resolves at the next change, or at once for one since the last call. `false`: `signal` aborted. Changed at first. */
  async next(signal: AbortSignal): Promise<boolean> {
    if (!this.#changed && !signal.aborted) await this.#untilWoken(signal)
    this.#changed = false
    return !signal.aborted
  }

  #untilWoken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wake = undefined
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#wake = done
      signal.addEventListener('abort', done, { once: true })
    })
  }
}
