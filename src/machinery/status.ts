import type { ListMeta, TypeMeta } from './object.ts'

/** The reasons a Status can have. After apimachinery meta/v1 StatusReason. */
export type StatusReason =
  | ''
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'ServerTimeout'
  | 'StoreReadError'
  | 'Timeout'
  | 'TooManyRequests'
  | 'BadRequest'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'InternalError'
  | 'Expired'
  | 'ServiceUnavailable'

export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

export interface StatusDetails {
  name?: string
  group?: string
  kind?: string
  uid?: string
  causes?: StatusCause[]
  retryAfterSeconds?: number
}

export interface Status extends TypeMeta {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: ListMeta
  status?: 'Success' | 'Failure'
  message?: string
  reason?: StatusReason
  details?: StatusDetails
  code?: number
}

/** An error that the API answers as a Status. Made by the functions in `errors.ts`; read by every client. */
export class StatusError extends Error {
  readonly status: Status

  constructor(status: Omit<Status, 'kind' | 'apiVersion' | 'metadata'>, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown error', options)
    this.name = 'StatusError'
    const { message, reason, details, code, ...rest } = status
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      ...rest,
      // In upstream's order, which shows in answers.
      ...(message !== undefined && { message }),
      ...(reason !== undefined && { reason }),
      ...(details !== undefined && { details }),
      ...(code !== undefined && { code }),
    }
  }

  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): StatusReason {
    return this.status.reason ?? ''
  }
}

/** Whether `error` is a StatusError with this reason, such as `NotFound`. */
export function isStatus(error: unknown, ...reasons: StatusReason[]): error is StatusError {
  return error instanceof StatusError && (reasons.length === 0 || reasons.includes(error.reason))
}
