import { subdomainErrors } from '../../machinery/label-syntax.ts'
import { forbiddenRequest } from '../authorization/authorize.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import type { UserInfo } from '../request.ts'
import { mastersGroup } from './authenticator.ts'

/** Who wants to be whom, and to do what. */
export interface Impersonation {
  readonly wanted: UserInfo
  readonly requestor: UserInfo
  /** What the request asks leave for, as its sender. */
  readonly request: AuthorizationAttributes
}

/** A way of being allowed to act as somebody else. */
export interface ImpersonationMode {
  appliesTo(impersonation: Impersonation): boolean
  /** The user to go on with. Throws the 403 of the first thing that is not allowed. */
  check(impersonation: Impersonation): Promise<UserInfo>
}

const nodesGroup = 'system:nodes'
const nodeUserPrefix = 'system:node:'
const nodeNameKey = 'authentication.kubernetes.io/node-name'
const associatedKeys = 'authentication.kubernetes.io/associated-node-keys'
const authenticationGroup = 'authentication.k8s.io'

/**
 * From the narrowest to the widest. Constrained modes also ask whether the requestor may do this very thing as somebody
 * else (`impersonate-on:<mode>:<verb>`). After apiserver endpoints/filters/impersonation/mode.go v1.36.
 */
export function impersonationModes(authorizer: Authorizer): readonly ImpersonationMode[] {
  return [
    constrained('associated-node', asAnyOfItsNodes(authorizer), isOwnNode),
    constrained('arbitrary-node', authorizer, ({ wanted }) => isOnlyName(wanted) && isNode(wanted.name)),
    constrained('serviceaccount', authorizer, ({ wanted }) => isOnlyName(wanted) && isServiceAccount(wanted.name)),
    constrained('user-info', authorizer, ({ wanted }) => !isNode(wanted.name) && !isServiceAccount(wanted.name)),
    { appliesTo: () => true, check: (impersonation) => checkIdentity(impersonation, authorizer, legacy) },
  ]
}

interface IdentityCheck {
  readonly verb: string
  /** The group of users, groups, service accounts and nodes. */
  readonly group: string
  readonly isConstrained: boolean
}

const legacy: IdentityCheck = { verb: 'impersonate', group: '', isConstrained: false }

function constrained(
  mode: string,
  authorizer: Authorizer,
  appliesTo: ImpersonationMode['appliesTo'],
): ImpersonationMode {
  return {
    appliesTo,
    async check(impersonation) {
      const { request } = impersonation
      await requireAllowed(authorizer, { ...request, verb: `impersonate-on:${mode}:${request.verb}` })
      const verb = `impersonate:${mode}`
      return checkIdentity(impersonation, authorizer, { verb, group: authenticationGroup, isConstrained: true })
    },
  }
}

/** Each part of the wanted identity by itself. */
async function checkIdentity(
  { wanted, requestor }: Impersonation,
  authorizer: Authorizer,
  check: IdentityCheck,
): Promise<UserInfo> {
  const base = {
    user: requestor,
    verb: check.verb,
    isResourceRequest: true,
    group: check.group,
    version: 'v1',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path: '',
  }
  await requireAllowed(authorizer, nameAttributes(wanted, base, check))
  const authentication = { ...base, group: authenticationGroup }
  if (wanted.uid) await requireAllowed(authorizer, { ...authentication, resource: 'uids', name: wanted.uid })
  await requireGroups(wanted.groups, { ...base, resource: 'groups' }, authorizer, check)
  await requireExtra(wanted.extra, { ...authentication, resource: 'userextras' }, authorizer, check)
  return { ...wanted, groups: fixedGroups(wanted, check) }
}

function nameAttributes(
  { name }: UserInfo,
  base: AuthorizationAttributes,
  { isConstrained }: IdentityCheck,
): AuthorizationAttributes {
  if (isConstrained && isNode(name)) return { ...base, resource: 'nodes', name: name.slice(nodeUserPrefix.length) }
  const account = serviceAccountOf(name)
  if (account) return { ...base, resource: 'serviceaccounts', ...account }
  return { ...base, resource: 'users', name }
}

/** The groups that come with a name. */
function fixedGroups({ name, groups }: UserInfo, { isConstrained }: IdentityCheck): readonly string[] {
  if (isConstrained && isNode(name)) return [nodesGroup]
  const account = serviceAccountOf(name)
  if (!account || groups.length > 0) return groups
  return ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
}

/** Past so many checks it is first asked for all at once. */
const manyChecks = 4

async function requireGroups(
  groups: readonly string[],
  attributes: AuthorizationAttributes,
  authorizer: Authorizer,
  { isConstrained }: IdentityCheck,
): Promise<void> {
  if (isConstrained && groups.includes('')) {
    throw forbiddenRequest(attributes, 'impersonating the empty string group is not allowed')
  }
  if (isConstrained && groups.includes(mastersGroup)) {
    const named = { ...attributes, name: mastersGroup }
    throw forbiddenRequest(named, 'impersonating the system:masters group is not allowed')
  }
  if (isConstrained && groups.length >= manyChecks && (await allows(authorizer, { ...attributes, name: '*' }))) return
  for (const name of groups) await requireAllowed(authorizer, { ...attributes, name })
}

async function requireExtra(
  extra: UserInfo['extra'],
  attributes: AuthorizationAttributes,
  authorizer: Authorizer,
  { isConstrained }: IdentityCheck,
): Promise<void> {
  const entries = Object.entries(extra)
  if (isConstrained) {
    const wrong = extraError(entries)
    if (wrong !== undefined) throw forbiddenRequest(attributes, wrong)
    const checks = Math.max(entries.length, entries.flatMap(([, values]) => values).length)
    const everything = { ...attributes, subresource: '*', name: '*' }
    if (checks >= manyChecks && (await allows(authorizer, everything))) return
  }
  for (const [subresource, values] of entries) {
    for (const name of values) await requireAllowed(authorizer, { ...attributes, subresource, name })
  }
}

function extraError(entries: readonly (readonly [string, readonly string[]])[]): string | undefined {
  for (const [key, values] of entries) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed'
    const wrong = prefixedPathError(key)
    if (wrong !== undefined) return `impersonating an invalid key in extra is not allowed: extra.key: ${wrong}`
    if (values.length === 0) return 'impersonating empty values in extra is not allowed'
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed'
  }
  return undefined
}

const pathForm = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/

/** `acme.io/foo`. After apimachinery util/validation IsDomainPrefixedPath v1.36. */
function prefixedPathError(key: string): string | undefined {
  const slash = key.indexOf('/')
  const [host, path] = [key.slice(0, Math.max(slash, 0)), key.slice(slash + 1)]
  if (host === '' || path === '') {
    return `Invalid value: ${JSON.stringify(key)}: must be a domain-prefixed path (such as "acme.io/foo")`
  }
  const [hostError] = subdomainErrors(host)
  if (hostError !== undefined) return `Invalid value: ${JSON.stringify(host)}: ${hostError}`
  if (pathForm.test(path)) return undefined
  const rule = `Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`
  return `Invalid value: ${JSON.stringify(path)}: ${rule}`
}

async function allows(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<boolean> {
  return (await authorizer.authorize(attributes)).allowed
}

async function requireAllowed(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<void> {
  const { allowed, reason, error } = await authorizer.authorize(attributes)
  if (allowed) return
  throw forbiddenRequest(attributes, [error, reason].filter(Boolean).join(': '))
}

/** A Pod's service account, of which it is asked whether it may be any node that it runs on. */
function asAnyOfItsNodes(authorizer: Authorizer): Authorizer {
  return {
    async authorize(attributes) {
      const { user, verb, name } = attributes
      const asked: AuthorizationAttributes = {
        ...attributes,
        user: { ...user, extra: { [associatedKeys]: Object.keys(user.extra).sort() } },
        name: verb === 'impersonate:associated-node' ? '*' : name,
      }
      const decision = await authorizer.authorize(asked)
      if (decision.allowed) return decision
      throw forbiddenRequest(asked, [decision.error, decision.reason].filter(Boolean).join(': '))
    },
  }
}

function isOwnNode({ wanted, requestor }: Impersonation): boolean {
  if (!isOnlyName(wanted) || !isNode(wanted.name) || !isServiceAccount(requestor.name)) return false
  const names = requestor.extra[nodeNameKey] ?? []
  return names.length === 1 && names[0] === wanted.name.slice(nodeUserPrefix.length)
}

function isOnlyName({ uid, groups, extra }: UserInfo): boolean {
  return !uid && groups.length === 0 && Object.keys(extra).length === 0
}

function isNode(name: string): boolean {
  return name.startsWith(nodeUserPrefix) && subdomainErrors(name.slice(nodeUserPrefix.length)).length === 0
}

function isServiceAccount(name: string): boolean {
  return serviceAccountOf(name) !== undefined
}

function serviceAccountOf(userName: string): { readonly namespace: string; readonly name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(userName) ?? []
  return namespace === undefined || name === undefined ? undefined : { namespace, name }
}
