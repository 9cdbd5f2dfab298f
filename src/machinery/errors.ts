import { type StatusCause, StatusError } from './status.ts'

/** Group and resource (or kind) as error texts name them. */
export interface ResourceName {
  group: string
  resource: string
}

/** One failure of validation. After apimachinery util/validation/field Error. */
export interface FieldError {
  type:
    | 'FieldValueNotFound'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'InternalError'
    | 'FieldValueTypeInvalid'
  /** Upstream's path, such as `spec.containers[0].name`. */
  field: string
  /** What stands after the path: `Invalid value: "x": must be …`. */
  detail: string
}

/** `pods` or `deployments.apps`. */
export function qualifiedResource({ group, resource }: ResourceName): string {
  return group === '' ? resource : `${resource}.${group}`
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 404,
    reason: 'NotFound',
    message: `${qualifiedResource(resource)} ${quote(name)} not found`,
    details: details(resource, name),
  })
}

export function alreadyExists(resource: ResourceName, name: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'AlreadyExists',
    message: `${qualifiedResource(resource)} ${quote(name)} already exists`,
    details: details(resource, name),
  })
}

export function conflict(resource: ResourceName, name: string, why: string): StatusError {
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Operation cannot be fulfilled on ${qualifiedResource(resource)} ${quote(name)}: ${why}`,
    details: details(resource, name),
  })
}

/** The text of a lost optimistic lock. After apiserver registry/generic OptimisticLockErrorMsg. */
export const optimisticLockMessage =
  'the object has been modified; please apply your changes to the latest version and try again'

/** `why` is upstream's sentence. With an empty name the resource alone is named. */
export function forbidden(resource: ResourceName, name: string, why: string): StatusError {
  const what = name === '' ? qualifiedResource(resource) : `${qualifiedResource(resource)} ${quote(name)}`
  return new StatusError({
    code: 403,
    reason: 'Forbidden',
    message: resource.resource === '' ? `forbidden: ${why}` : `${what} is forbidden: ${why}`,
    details: details(resource, name),
  })
}

/** 422 with one cause a failure. `kind` is the Kind (`Pod`), as upstream names it here instead of the resource. */
export function invalid(
  kind: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const causes: StatusCause[] = errors.map(({ type, field, detail }) => ({ reason: type, message: detail, field }))
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`
  const texts = errors.map(({ field, detail }) => `${field}: ${detail}`)
  const unique = [...new Set(texts)]
  const list = unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${qualified} ${quote(name)} is invalid${unique.length > 0 ? `: ${list}` : ''}`,
    details: { ...details({ group: kind.group, resource: kind.kind }, name), causes },
  })
}

export function badRequest(message: string): StatusError {
  return new StatusError({ code: 400, reason: 'BadRequest', message })
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return new StatusError({ code: 401, reason: 'Unauthorized', message })
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 406,
    reason: 'NotAcceptable',
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
  })
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  })
}

export function requestEntityTooLarge(limitBytes: number): StatusError {
  return new StatusError({
    code: 413,
    reason: 'RequestEntityTooLarge',
    message: `Request entity too large: limit is ${limitBytes}`,
  })
}

/** A watch or list from a revision that is compacted away: the client must list again. */
export function expired(message: string): StatusError {
  return new StatusError({ code: 410, reason: 'Expired', message })
}

export function tooManyRequests(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({ code: 429, reason: 'TooManyRequests', message, details: { retryAfterSeconds } })
}

export function serviceUnavailable(message: string): StatusError {
  return new StatusError({ code: 503, reason: 'ServiceUnavailable', message })
}

export function timeout(message: string, retryAfterSeconds: number): StatusError {
  return new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: ${message}`,
    details: { retryAfterSeconds },
  })
}

export function internalError(cause: unknown): StatusError {
  const text = cause instanceof Error ? cause.message : String(cause)
  return new StatusError(
    {
      code: 500,
      reason: 'InternalError',
      message: `Internal error occurred: ${text}`,
      details: { causes: [{ message: text }] },
    },
    { cause },
  )
}

function details({ group, resource }: ResourceName, name: string) {
  return {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    ...(resource === '' ? {} : { kind: resource }),
  }
}

/** Go's %q, near enough for names: JSON quoting. */
function quote(text: string): string {
  return JSON.stringify(text)
}
