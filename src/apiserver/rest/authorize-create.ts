import type { RequestContext } from '../request.ts'

/**
 * Throws 403 unless the caller may create the object that a PUT or apply names but that is not there; `name` and the
 * rest are in `context.info`. After apiserver endpoints/handlers withAuthorization.
 */
export type CreateAuthorizer = (context: RequestContext) => Promise<void>
