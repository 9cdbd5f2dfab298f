import { badRequest } from '../../machinery/errors.ts'
import { isStatus, type StatusError } from '../../machinery/status.ts'
import { attributesOf } from '../authorization/authorize.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { RequestContext, Step, UserInfo } from '../request.ts'
import { allAuthenticated, allUnauthenticated, anonymousUser } from './authenticator.ts'
import { decodeExtraKey } from './extra-key.ts'
import { type Impersonation, type ImpersonationMode, impersonationModes } from './impersonation-modes.ts'

const userHeader = 'impersonate-user'
const groupHeader = 'impersonate-group'
const uidHeader = 'impersonate-uid'
const extraPrefix = 'impersonate-extra-'

/** How many requestors' modes are remembered. */
const rememberedModes = 10_000

/**
 * Lets who may `impersonate` act as somebody else, by the first mode that allows it. The mode that allowed a requestor
 * last is tried first. After apiserver endpoints/filters/impersonation/constrained_impersonation.go v1.36.
 */
export function impersonate(authorizer: Authorizer): Step {
  const modes = impersonationModes(authorizer)
  const lastModes = new Map<string, ImpersonationMode>()
  return (context, next) => {
    const wanted = wantedUser(context)
    if (!wanted) return next(context)
    const last = lastModes.get(context.user.name)
    const ordered = last ? [last, ...modes.filter((mode) => mode !== last)] : modes
    const impersonation = { wanted, requestor: context.user, request: attributesOf(context) }
    return firstAllowing(ordered, impersonation).then(({ mode, user }) => {
      remember(lastModes, context.user.name, mode)
      context.user = withAuthenticationGroup(user)
      return next(context)
    })
  }
}

/** Throws the refusal of the first mode that applies. */
async function firstAllowing(
  modes: readonly ImpersonationMode[],
  impersonation: Impersonation,
): Promise<{ readonly mode: ImpersonationMode; readonly user: UserInfo }> {
  let refusal: StatusError | undefined
  for (const mode of modes) {
    if (!mode.appliesTo(impersonation)) continue
    try {
      return { mode, user: await mode.check(impersonation) }
    } catch (error) {
      if (!isStatus(error, 'Forbidden')) throw error
      refusal ??= error
    }
  }
  throw refusal ?? new Error('all impersonation modes failed')
}

function remember(lastModes: Map<string, ImpersonationMode>, name: string, mode: ImpersonationMode): void {
  if (lastModes.get(name) === mode) return
  if (lastModes.size >= rememberedModes) lastModes.delete(lastModes.keys().next().value!)
  lastModes.set(name, mode)
}

function wantedUser({ headers }: RequestContext): UserInfo | undefined {
  const name = headers.get(userHeader) ?? ''
  const groups = [...headers.all(groupHeader)]
  const uid = headers.get(uidHeader)
  const extra = extraOf(headers)
  if (name !== '') return { name, groups, extra, ...(uid && { uid }) }
  const hasExtra = Object.keys(extra).length > 0
  if (groups.length === 0 && !uid && !hasExtra) return undefined
  const shownGroups = groups.length > 0 ? `{${groups.map((group) => JSON.stringify(group)).join(', ')}}` : '(nil)'
  // Go's notation of the user, as upstream shows it.
  const shown = `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid ?? '')}, Groups:[]string${shownGroups}, Extra:map[string][]string${hasExtra ? goMap(extra) : '(nil)'}}`
  throw badRequest(`requested ${shown} without impersonating a user name`)
}

function extraOf(headers: RequestContext['headers']): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const name of headers.names()) {
    if (!name.toLowerCase().startsWith(extraPrefix)) continue
    extra[decodeExtraKey(name.slice(extraPrefix.length).toLowerCase())] = [...headers.all(name)]
  }
  return extra
}

function goMap(extra: Record<string, string[]>): string {
  const quote = (value: string) => JSON.stringify(value)
  const entries = Object.entries(extra).sort(([left], [right]) => (left < right ? -1 : 1))
  return `{${entries.map(([key, values]) => `${quote(key)}:[]string{${values.map(quote).join(', ')}}`).join(', ')}}`
}

/** Whoever is impersonated has been authenticated or not, and is in the group that says so. */
function withAuthenticationGroup(user: UserInfo): UserInfo {
  const { name, groups } = user
  if (name === anonymousUser) {
    return groups.includes(allUnauthenticated) ? user : { ...user, groups: [...groups, allUnauthenticated] }
  }
  return groups.includes(allUnauthenticated) || groups.includes(allAuthenticated)
    ? user
    : { ...user, groups: [...groups, allAuthenticated] }
}
