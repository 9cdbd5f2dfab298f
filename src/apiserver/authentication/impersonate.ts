import { badRequest } from '../../machinery/errors.ts'
import { forbiddenRequest } from '../authorization/authorize.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import type { RequestContext, Step, UserInfo } from '../request.ts'
import { allAuthenticated, allUnauthenticated, anonymousUser } from './authenticator.ts'

const userHeader = 'impersonate-user'
const groupHeader = 'impersonate-group'
const uidHeader = 'impersonate-uid'
const extraPrefix = 'impersonate-extra-'

/**
 * Lets who may `impersonate` act as somebody else: each part of the other identity is authorized by itself.
 * After apiserver endpoints/filters/impersonation v1.36, the mode without constraints.
 */
export function impersonate(authorizer: Authorizer): Step {
  return async (context, next) => {
    const wanted = wantedUser(context)
    if (!wanted) return next(context)
    for (const attributes of whatToAuthorize(context.user, wanted)) {
      const { allowed, reason } = await authorizer.authorize(attributes)
      if (!allowed) throw forbiddenRequest(attributes, reason)
    }
    context.user = completed(wanted)
    return next(context)
  }
}

function wantedUser({ headers }: RequestContext): UserInfo | undefined {
  const name = headers.get(userHeader) ?? ''
  const groups = headers.all(groupHeader).flatMap(splitHeader)
  const uid = headers.get(uidHeader)
  if (name !== '') return { name, groups, extra: extraOf(headers), ...(uid && { uid }) }
  if (groups.length === 0 && !uid) return undefined
  const shownGroups = groups.length > 0 ? `{${groups.map((group) => JSON.stringify(group)).join(', ')}}` : '(nil)'
  // Go's notation of the user, as upstream shows it.
  const shown = `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid ?? '')}, Groups:[]string${shownGroups}, Extra:map[string][]string(nil)}`
  throw badRequest(`requested ${shown} without impersonating a user name`)
}

/** Node joins repeated headers of HTTP/1.1 by commas; a group's name holds none. */
function splitHeader(value: string): string[] {
  return value.split(',').map((part) => part.trim())
}

function extraOf(headers: RequestContext['headers']): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const name of headers.names()) {
    if (!name.toLowerCase().startsWith(extraPrefix)) continue
    extra[decode(name.slice(extraPrefix.length).toLowerCase())] = headers.all(name).flatMap(splitHeader)
  }
  return extra
}

function decode(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    throw badRequest(`invalid escape in the header ${extraPrefix}${key}`)
  }
}

function whatToAuthorize(requestor: UserInfo, wanted: UserInfo): AuthorizationAttributes[] {
  const base = {
    user: requestor,
    verb: 'impersonate',
    isResourceRequest: true,
    group: '',
    version: 'v1',
    subresource: '',
    namespace: '',
    path: '',
  }
  const authentication = { ...base, group: 'authentication.k8s.io' }
  const [, , namespace, account] = /^(system:serviceaccount):([^:]+):([^:]+)$/.exec(wanted.name) ?? []
  const list: AuthorizationAttributes[] = [
    account !== undefined
      ? { ...base, resource: 'serviceaccounts', namespace: namespace!, name: account }
      : { ...base, resource: 'users', name: wanted.name },
  ]
  if (wanted.uid) list.push({ ...authentication, resource: 'uids', name: wanted.uid })
  for (const name of wanted.groups) list.push({ ...base, resource: 'groups', name })
  for (const [key, values] of Object.entries(wanted.extra)) {
    for (const name of values) list.push({ ...authentication, resource: 'userextras', subresource: key, name })
  }
  return list
}

/** The groups that come with a name: those of a service account, and of having been authenticated or not. */
function completed(wanted: UserInfo): UserInfo {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(wanted.name) ?? []
  let groups = [...wanted.groups]
  if (groups.length === 0 && namespace !== undefined) {
    groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  }
  if (wanted.name === anonymousUser) {
    if (!groups.includes(allUnauthenticated)) groups.push(allUnauthenticated)
  } else if (!groups.includes(allUnauthenticated) && !groups.includes(allAuthenticated)) {
    groups.push(allAuthenticated)
  }
  return { ...wanted, groups }
}
