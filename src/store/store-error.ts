/** Why a store refused, for callers that must tell the cases apart. */
export type StoreErrorCode =
  /** Another instance has the data open. */
  | 'Locked'
  /** The data is damaged, or is not a store at all. Nothing of it is served. */
  | 'Corrupt'
  /** The data was written by a newer kubets. */
  | 'NewerVersion'
  /** No room to write. Nothing of the write was kept; the store goes on. */
  | 'DiskFull'
  /** The path cannot be read or written (permissions, not a file, it exists already). */
  | 'Path'
  /** The engine does not answer; whether the write was made is unknown. */
  | 'Unavailable'
  /** The write is larger than the engine takes. */
  | 'TooLarge'
  /** The store is closed, or its engine died. */
  | 'Closed'
  /** The watcher threw; its watch is over. */
  | 'WatcherFailed'
  /** The engine lost history it cannot get back: list again. */
  | 'HistoryLost'

/** What a store rejects with: a code for programs, and for people one sentence with the way out. */
export class StoreError extends Error {
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

/** The rejection of every call after `close`. */
export function closedError(): StoreError {
  return new StoreError('Closed', 'The datastore is closed: open it again to go on.')
}
