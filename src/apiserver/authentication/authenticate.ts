import { unauthorized } from '../../machinery/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { RequestContext, Step, UserInfo } from '../request.ts'
import type { AuthenticationMetrics } from './authentication-metrics.ts'
import {
  AuthenticationError,
  type Authenticator,
  allUnauthenticated,
  anonymousUser,
  withAuthenticatedGroup,
} from './authenticator.ts'

/** Requests without any credential that are let through as `system:anonymous`: all, none, or those to some paths. */
export type AnonymousAccess = boolean | { readonly paths: readonly string[] }

export interface AuthenticateOptions {
  /** In the order they are asked; the first that finds somebody decides. */
  readonly authenticators: readonly Authenticator[]
  readonly anonymous: AnonymousAccess
  readonly log: Logger
  readonly clock: Clock
  readonly metrics: AuthenticationMetrics
}

const anonymous: UserInfo = Object.freeze({
  name: anonymousUser,
  groups: Object.freeze([allUnauthenticated]),
  extra: Object.freeze({}),
})

/** Fills in who asks. A credential that is no good is a 401, never anonymous. Loopback brings its own identity. */
export function authenticate(options: AuthenticateOptions): Step {
  const authenticated = new WeakMap<UserInfo, UserInfo>()
  return async (context, next) => {
    const { identity } = context.connection
    const user = identity ?? (await find(context, options))
    let complete = authenticated.get(user)
    if (!complete) {
      complete = withAuthenticatedGroup(user)
      authenticated.set(user, complete)
    }
    context.user = complete
    return next(context)
  }
}

async function find(context: RequestContext, options: AuthenticateOptions): Promise<UserInfo> {
  const { authenticators, anonymous: allowed, log, clock, metrics } = options
  const startMs = clock.monotonicMs()
  const elapsedMs = () => clock.monotonicMs() - startMs
  const found = (user: UserInfo): UserInfo => {
    metrics.attempt('success', elapsedMs(), user.name)
    return user
  }
  let refusal: AuthenticationError | undefined
  for (const authenticator of authenticators) {
    try {
      const result = authenticator.authenticate(context)
      const user = result instanceof Promise ? await result : result
      if (user) return found(user)
    } catch (error) {
      if (!(error instanceof AuthenticationError)) throw error
      refusal ??= error
    }
  }
  if (!refusal && isAllowed(allowed, context)) return found(anonymous)
  metrics.attempt(refusal ? 'error' : 'failure', elapsedMs())
  if (refusal)
    log.warn('a credential was refused', { reason: refusal.message, remote: context.connection.remoteAddress })
  throw unauthorized()
}

function isAllowed(allowed: AnonymousAccess, { info }: RequestContext): boolean {
  return typeof allowed === 'boolean' ? allowed : allowed.paths.includes(info.path)
}
