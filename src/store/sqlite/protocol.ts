import type { Revision } from '../store.ts'
import { StoreError, type StoreErrorCode } from '../store-error.ts'
import type { LogFileOptions, LogFileState } from './log-file.ts'
import type { PackedRows } from './log-row.ts'

/** What the worker thread is started with. */
export type WorkerSettings = LogFileOptions

/** What the main thread asks of the worker; each request is answered once, in any order. */
export type Request =
  | { readonly type: 'append'; readonly rows: PackedRows }
  /** Answered at once; the work is done in slices between other requests. */
  | { readonly type: 'compact'; readonly revision: Revision }
  /** Answered when all compaction asked for so far is done and the files are cut to size. */
  | { readonly type: 'settle' }
  | { readonly type: 'backup'; readonly path: string }
  | { readonly type: 'fileBytes' }
  | { readonly type: 'close' }

export interface NumberedRequest {
  readonly id: number
  readonly request: Request
}

export type Message =
  /** First what the file says of itself, then its rows, then `opened` once they are known to be whole. */
  | { readonly type: 'state'; readonly state: LogFileState }
  | { readonly type: 'rows'; readonly rows: PackedRows }
  | { readonly type: 'opened' }
  | { readonly type: 'refused'; readonly failure: Failure }
  | { readonly type: 'answer'; readonly id: number; readonly result: number | undefined }
  | { readonly type: 'failure'; readonly id: number; readonly failure: Failure }
  /** Work between requests failed, such as compaction on a full disk. It is tried again later. */
  | { readonly type: 'trouble'; readonly failure: Failure }

/** A StoreError on its way between threads. */
export interface Failure {
  readonly code: StoreErrorCode
  readonly message: string
  readonly cause: unknown
}

export function failureOf({ code, message, cause }: StoreError): Failure {
  return { code, message, cause: cause instanceof Error ? cause.message : cause }
}

export function errorOf({ code, message, cause }: Failure): StoreError {
  return new StoreError(code, message, cause === undefined ? {} : { cause })
}
