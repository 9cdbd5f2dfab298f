import { mastersGroup } from '../authentication/authenticator.ts'
import { isLongRunning } from '../long-running.ts'
import type { Step } from '../request.ts'
import { tooManyRequestsAnswer } from './refusal.ts'

const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/** After how many seconds upstream asks clients to come back. */
const retryAfterSeconds = 1

export interface InFlightLimits {
  /** Upstream's --max-requests-inflight: 400. */
  readonly reading: number
  /** Upstream's --max-mutating-requests-inflight: 200. */
  readonly mutating: number
}

export const defaultInFlight: InFlightLimits = { reading: 400, mutating: 200 }

/** How many requests are being served, for metrics. */
export interface InFlight {
  reading: number
  mutating: number
}

/**
 * Refuses with 429 what comes while as many requests as are allowed are being served. Long-running ones take no seat,
 * nor do the components in this process, which a crowd of clients must not starve; administrators always get one. After apiserver server/filters/maxinflight.go v1.36.
 */
export function maxInFlight(limits: InFlightLimits, inFlight: InFlight): Step {
  return async (context, next) => {
    if (isLongRunning(context.info) || context.connection.transport === 'loopback') return next(context)
    const kind = readVerbs.has(context.info.verb) ? 'reading' : 'mutating'
    if (inFlight[kind] >= limits[kind] && !context.user.groups.includes(mastersGroup)) {
      return tooManyRequestsAnswer(retryAfterSeconds, false)
    }
    inFlight[kind]++
    try {
      return await next(context)
    } finally {
      inFlight[kind]--
    }
  }
}
