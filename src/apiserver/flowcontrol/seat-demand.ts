/** What a priority level has asked for in one period, in seats. */
interface Observation {
  readonly durationMs: number
  readonly average: number
  readonly deviation: number
  readonly highest: number
}

/** How much of the old figure is kept each period: it halves in five minutes. After apf_controller.go v1.36. */
const smoothing = 0.977

/**
 * How many seats a priority level would use if it could: those in use and those waited for, over time. After apiserver
 * util/flowcontrol/fairqueuing/integrator.go v1.36.
 */
export class SeatDemand {
  #seats = 0
  #sinceMs: number
  #elapsedMs = 0
  #integral = 0
  #squares = 0
  #highest = 0
  /** Seats of the last period, and of the ones before, weighed less the longer ago they are. */
  highWatermark = 0
  average = 0
  deviation = 0
  smoothed = 0

  constructor(nowMs: number) {
    this.#sinceMs = nowMs
  }

  set(seats: number, nowMs: number): void {
    this.#advance(nowMs)
    this.#seats = seats
    if (seats > this.#highest) this.#highest = seats
  }

  /** Ends a period of observation. */
  endPeriod(nowMs: number): void {
    const { durationMs, average, deviation, highest } = this.#reset(nowMs)
    this.highWatermark = highest
    if (durationMs <= 0) return
    this.average = average
    this.deviation = deviation
    const envelope = average + deviation
    this.smoothed = Math.max(envelope, smoothing * this.smoothed + (1 - smoothing) * envelope)
  }

  /** Periods in which nobody asked for anything. */
  skipPeriods(count: number): void {
    this.smoothed *= smoothing ** count
  }

  #advance(nowMs: number): void {
    const spanMs = nowMs - this.#sinceMs
    this.#sinceMs = nowMs
    this.#elapsedMs += spanMs
    this.#integral += this.#seats * spanMs
    this.#squares += this.#seats * this.#seats * spanMs
  }

  #reset(nowMs: number): Observation {
    this.#advance(nowMs)
    const durationMs = this.#elapsedMs
    const average = durationMs > 0 ? this.#integral / durationMs : 0
    const variance = durationMs > 0 ? this.#squares / durationMs - average * average : 0
    const observation = {
      durationMs,
      average,
      deviation: variance > 0 ? Math.sqrt(variance) : 0,
      highest: this.#highest,
    }
    this.#elapsedMs = 0
    this.#integral = 0
    this.#squares = 0
    this.#highest = this.#seats
    return observation
  }
}
