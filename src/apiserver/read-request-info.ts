import type { Step } from './request.ts'
import { parseRequestInfo } from './request-info.ts'

/** Reads what method and path ask for; all later steps go by it. */
export const readRequestInfo: Step = async (context, next) => {
  context.info = parseRequestInfo(context.method, context.path, context.query)
  return next(context)
}
