import { fixedTimestamp, type LogLine } from './log-line.ts'

/** What a client wants to see of a log. */
export interface LogFilterOptions {
  /** Lines from this moment on. */
  readonly sinceMs?: number
  readonly timestamps?: boolean
  readonly limitBytes?: number
}

const lineFeed = 0x0a

/** Turns log entries into what the client gets, one after another. After cri-client pkg/logs logWriter. */
export class LogFilter {
  readonly #options: LogFilterOptions
  #remainingBytes: number
  /** Only the beginning of a line gets its time, not each part of it. */
  #atLineStart = true

  constructor(options: LogFilterOptions) {
    this.#options = options
    this.#remainingBytes = options.limitBytes ?? Number.POSITIVE_INFINITY
  }

  /** The limit is reached: nothing more will come. */
  get finished(): boolean {
    return this.#remainingBytes <= 0
  }

  /** The bytes to send for `line`; none if it is older than asked for. */
  take({ timestamp, content }: LogLine): Buffer {
    const { sinceMs, timestamps } = this.#options
    const atLineStart = this.#atLineStart
    this.#atLineStart = content.length === 0 || content.at(-1) === lineFeed
    if (sinceMs !== undefined && Date.parse(timestamp) < sinceMs) return Buffer.alloc(0)
    const prefix = timestamps && atLineStart ? Buffer.from(`${fixedTimestamp(timestamp)} `) : Buffer.alloc(0)
    const bytes = Buffer.concat([prefix, content])
    const shown = bytes.length > this.#remainingBytes ? bytes.subarray(0, this.#remainingBytes) : bytes
    this.#remainingBytes -= shown.length
    return shown
  }
}
