import { randomUUID } from 'node:crypto'
import type { TokenRequest } from '../../api/types/authentication/v1.ts'
import type { ServiceAccount } from '../../api/types/core/v1.ts'
import { nodes, pods, secrets, serviceAccounts } from '../../api/types/resources.ts'
import { badRequest, conflict, type FieldError, invalid, notFound } from '../../machinery/errors.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { SigningKey } from './service-account-keys.ts'
import { type KubernetesClaims, type ObjectClaim, signToken } from './service-account-token.ts'

const tokenKind = { group: 'authentication.k8s.io', kind: 'TokenRequest' }

const defaultExpirationSeconds = 3600
const minExpirationSeconds = 600
const maxExpirationSeconds = 2 ** 32

/**
 * Pods' own tokens ask for this odd lifetime, and get a year: clients from before tokens ended may not reread theirs.
 * After kubernetes pkg/serviceaccount/claims.go WarnOnlyBoundTokenExpirationSeconds.
 */
const podTokenExpirationSeconds = 3607
const extendedExpirationSeconds = 365 * 24 * 3600

export interface TokenIssuer {
  readonly reader: ObjectReader
  readonly clock: Clock
  readonly key: SigningKey
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Longer lives are cut to this. */
  readonly maxExpirationSeconds: number | undefined
  /** Whether tokens of Pods live longer than they say. */
  readonly extendExpiration: boolean
}

/** Whose token, and where to say what is not as it was asked for. */
interface TokenTarget {
  readonly namespace: string
  readonly name: string
  readonly warn: (text: string) => void
}

/**
 * Completes `request` and fills its status with a new token of the service account. Throws a StatusError when the
 * account or the object to bind to is not there, or not the one meant.
 * After kubernetes pkg/registry/core/serviceaccount/storage/token.go v1.36.
 */
export async function issueToken(
  request: TokenRequest,
  { namespace, name, warn }: TokenTarget,
  issuer: TokenIssuer,
): Promise<void> {
  const account = issuer.reader.get(serviceAccounts, name, namespace)
  if (!account) throw notFound({ group: '', resource: 'serviceaccounts' }, name)
  const nowMs = issuer.clock.nowMs()
  complete(request, account, issuer.audiences, nowMs)
  const errors = validate(request)
  if (errors.length > 0) throw invalid(tokenKind, '', errors)
  const bound = boundObjects(request, account, issuer.reader)
  shorten(request, issuer.maxExpirationSeconds, warn)
  const { audiences = [], expirationSeconds = defaultExpirationSeconds } = request.spec ?? {}
  const extended =
    issuer.extendExpiration &&
    bound.pod !== undefined &&
    expirationSeconds === podTokenExpirationSeconds &&
    audiences.every((audience) => issuer.audiences.includes(audience))
  const claims: KubernetesClaims = {
    namespace,
    serviceaccount: { name: account.metadata.name, uid: account.metadata.uid },
    ...bound,
    ...(extended && { warnafter: Math.floor(nowMs / 1000) + expirationSeconds }),
  }
  const expiresAtMs = nowMs + (extended ? extendedExpirationSeconds : expirationSeconds) * 1000
  const token = await signToken(issuer.key, {
    issuer: issuer.issuer,
    audiences,
    claims,
    issuedAtMs: nowMs,
    expiresAtMs,
    id: randomUUID(),
  })
  request.status = { token, expirationTimestamp: timestamp(nowMs + expirationSeconds * 1000) }
}

function complete(
  request: TokenRequest,
  { metadata }: Held<ServiceAccount>,
  ownAudiences: readonly string[],
  nowMs: number,
): void {
  const { name, namespace, uid } = request.metadata ?? {}
  if (name && name !== metadata.name)
    throw mismatch('name', name, 'must match the service account name if specified', metadata.name)
  if (namespace && namespace !== metadata.namespace) {
    throw mismatch('namespace', namespace, 'must match the service account namespace if specified', metadata.name)
  }
  if (uid && uid !== metadata.uid) {
    const why = `the UID in the token request (${uid}) does not match the UID of the service account (${metadata.uid})`
    throw conflict({ group: tokenKind.group, resource: tokenKind.kind }, metadata.name, why)
  }
  request.metadata = {
    ...request.metadata,
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    uid: metadata.uid,
    creationTimestamp: timestamp(nowMs),
  }
  const { audiences, expirationSeconds = defaultExpirationSeconds } = request.spec ?? {}
  request.spec = { ...request.spec, audiences: audiences?.length ? audiences : [...ownAudiences], expirationSeconds }
}

function shorten({ spec }: TokenRequest, most: number | undefined, warn: (text: string) => void): void {
  const { expirationSeconds = defaultExpirationSeconds } = spec ?? {}
  if (!spec || most === undefined || expirationSeconds <= most) return
  warn(`requested expiration of ${expirationSeconds} seconds shortened to ${most} seconds`)
  spec.expirationSeconds = most
}

function mismatch(field: string, value: string, why: string, name: string): Error {
  const detail = `Invalid value: ${JSON.stringify(value)}: ${why}`
  return invalid(tokenKind, name, [{ type: 'FieldValueInvalid', field: `metadata.${field}`, detail }])
}

/** After kubernetes pkg/apis/authentication/validation v1.36. */
function validate({ spec }: TokenRequest): FieldError[] {
  const seconds = spec?.expirationSeconds ?? defaultExpirationSeconds
  const fails = (why: string): FieldError => ({
    type: 'FieldValueInvalid',
    field: 'spec.expirationSeconds',
    detail: `Invalid value: ${seconds}: ${why}`,
  })
  if (seconds < minExpirationSeconds) return [fails('may not specify a duration less than 10 minutes')]
  if (seconds > maxExpirationSeconds) return [fails('may not specify a duration larger than 2^32 seconds')]
  return []
}

type Bound = Pick<KubernetesClaims, 'pod' | 'secret' | 'node'>

/** The objects a token is bound to: it ends with them. A Pod's token also tells the Pod's node. */
function boundObjects({ spec }: TokenRequest, account: Held<ServiceAccount>, reader: ObjectReader): Bound {
  const reference = spec?.boundObjectRef
  if (!reference) return {}
  const { kind = '', name = '', apiVersion = '' } = reference
  const { namespace } = account.metadata
  const claim = (found: { metadata: { name: string; uid: string } } | undefined, resource: string): ObjectClaim => {
    if (!found) throw notFound({ group: '', resource }, name)
    const { uid } = found.metadata
    if (reference.uid && reference.uid !== uid) {
      const why = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`
      throw conflict({ group: '', resource: kind }, name, why)
    }
    return { name, uid }
  }
  if (apiVersion === 'v1' && kind === 'Pod') {
    const pod = reader.get(pods, name, namespace)
    if (pod && pod.spec?.serviceAccountName !== account.metadata.name) {
      const quoted = JSON.stringify(account.metadata.name)
      throw badRequest(
        `cannot bind token for serviceaccount ${quoted} to pod running with different serviceaccount name.`,
      )
    }
    return { pod: claim(pod, 'pods'), ...nodeOf(pod?.spec?.nodeName, reader) }
  }
  if (apiVersion === 'v1' && kind === 'Node') return { node: claim(reader.get(nodes, name), 'nodes') }
  if (apiVersion === 'v1' && kind === 'Secret')
    return { secret: claim(reader.get(secrets, name, namespace), 'secrets') }
  const [group, version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`)
}

function nodeOf(name: string | undefined, reader: ObjectReader): Pick<Bound, 'node'> {
  if (!name) return {}
  const uid = reader.get(nodes, name)?.metadata.uid
  return { node: uid ? { name, uid } : { name } }
}

function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
