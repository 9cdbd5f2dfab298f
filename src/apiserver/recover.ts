import { internalError } from '../machinery/errors.ts'
import { StatusError } from '../machinery/status.ts'
import type { Logger } from '../platform/log.ts'
import type { Step } from './request.ts'

/** The outermost step: whatever is thrown below becomes a Status, here and nowhere else. The unknown becomes 500. */
export function recover(log: Logger): Step {
  return async (context, next) => {
    try {
      return await next(context)
    } catch (error) {
      if (error instanceof StatusError) return { kind: 'status', status: error.status }
      log.error('a request failed', { error, method: context.method, path: context.path })
      return { kind: 'status', status: internalError(error).status }
    }
  }
}
