import { badRequest } from '../machinery/errors.ts'
import { DurationError, parseGoDuration } from '../machinery/go-duration.ts'
import { isLongRunning } from './long-running.ts'
import type { RequestContext, Step } from './request.ts'

/**
 * Ends a request when the time is over that the client gives it in `?timeout=`; one that is too long or zero counts as
 * none. 400 for what is no duration. After apiserver endpoints/filters/request_deadline.go v1.36.
 */
export const requestDeadline: Step = (context, next) => {
  if (context.mentions?.('timeout') && !isLongRunning(context.info)) {
    const limitMs = requestedTimeoutMs(context)
    if (limitMs > 0) context.limitTime?.(limitMs)
  }
  return next(context)
}

function requestedTimeoutMs({ query }: RequestContext): number {
  const text = query.get('timeout')
  if (!text) return 0
  try {
    return parseGoDuration(text)
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
    throw badRequest(`invalid timeout specified in the request URL - ${error.message}`)
  }
}
