/** What a request is expected to cost. After apiserver util/flowcontrol/request/width.go v1.36. */
export interface WorkEstimate {
  readonly initialSeats: number
  /** What the request goes on to occupy once it is answered: its change is sent to watchers. */
  readonly finalSeats: number
  readonly additionalLatencyMs: number
}

export const oneSeat: WorkEstimate = Object.freeze({ initialSeats: 1, finalSeats: 0, additionalLatencyMs: 0 })

/** A change costs one more seat for so many watchers, for so long. After request/config.go. */
const watchesPerSeat = 10
const eventMs = 5
const mostMutatingSeats = 10
const mostListSeats = 100

const bytesPerSeat = 100_000
/** Lists from memory go out in pieces: they never take more than this at once. */
const mostListBytes = 1_000_000

/** What a list is estimated by. */
export interface CollectionSize {
  readonly objects: number
  readonly averageBytes: number
}

export interface ListShape {
  readonly limit: number
  /** One object, told by its name. */
  readonly single: boolean
}

/** Seats of a list or of the first burst of a watch. After list_work_estimator.go seatsBasedOnObjectSize. */
export function listSeats(
  { objects, averageBytes }: CollectionSize,
  { limit, single }: ListShape,
  most: number,
): number {
  const limited = limit > 0 && limit < objects ? limit : objects
  const loaded = single ? 1 : limited
  const bytes = Math.min(loaded * averageBytes, mostListBytes)
  return bounded(Math.ceil(bytes / bytesPerSeat), limitOf(most, mostListSeats))
}

/** A write whose change `watchers` are to be told. After mutating_work_estimator.go. */
export function mutatingWork(watchers: number, most: number): WorkEstimate {
  if (watchers < watchesPerSeat) return oneSeat
  const wanted = Math.ceil(watchers / watchesPerSeat)
  const finalSeats = Math.min(wanted, limitOf(most, mostMutatingSeats))
  // The same work on fewer seats takes longer.
  return { initialSeats: 1, finalSeats, additionalLatencyMs: (wanted * eventMs) / finalSeats }
}

/** `most` is what the priority level allows one request; 0: it does not say. */
function limitOf(most: number, own: number): number {
  return most === 0 || most > own ? own : most
}

function bounded(seats: number, most: number): number {
  return Math.max(1, Math.min(seats, most))
}
