import { compactVerify, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, SignJWT } from 'jose'
import { nodes, pods, secrets, serviceAccounts } from '../../api/types/resources.ts'
import type { Clock } from '../../platform/clock.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { UserInfo } from '../request.ts'
import {
  type AuthenticatedToken,
  AuthenticationError,
  credentialIdKey,
  type TokenAuthenticator,
} from './authenticator.ts'
import type { SigningKey, VerificationKey } from './service-account-keys.ts'

export interface ObjectClaim {
  readonly name?: string
  readonly uid?: string
}

/** What a token says under `kubernetes.io`. After kubernetes pkg/serviceaccount/claims.go v1.36. */
export interface KubernetesClaims {
  readonly namespace: string
  readonly serviceaccount: ObjectClaim
  readonly pod?: ObjectClaim
  readonly secret?: ObjectClaim
  readonly node?: ObjectClaim
  readonly warnafter?: number
}

interface TokenClaims extends JWTPayload {
  readonly 'kubernetes.io'?: KubernetesClaims
}

/** Clocks of servers that share keys may differ this much. After go-jose jwt.DefaultLeeway. */
const leewaySeconds = 60

/** How many tokens are remembered with their signature checked. */
const rememberedTokens = 4096

export interface TokenToSign {
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly claims: KubernetesClaims
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly id: string
}

/** A signed token of a service account, with upstream's claims. */
export function signToken(key: SigningKey, token: TokenToSign): Promise<string> {
  const issuedAt = Math.floor(token.issuedAtMs / 1000)
  const { namespace, serviceaccount } = token.claims
  return new SignJWT({ 'kubernetes.io': token.claims })
    .setProtectedHeader({ alg: key.algorithm, kid: key.id })
    .setIssuer(token.issuer)
    .setSubject(userNameOf(namespace, serviceaccount.name ?? ''))
    .setAudience([...token.audiences])
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(Math.floor(token.expiresAtMs / 1000))
    .setJti(token.id)
    .sign(key.privateKey)
}

export interface ServiceAccountTokenOptions {
  readonly issuers: readonly string[]
  readonly audiences: readonly string[]
  readonly keys: readonly VerificationKey[]
  readonly reader: ObjectReader
  readonly clock: Clock
}

/**
 * Tokens of service accounts: signature, issuer, audience and time, and that the account and the object a token is
 * bound to still exist under the same uid. Checked signatures are remembered; all else is looked at each time.
 */
export function serviceAccountTokenAuthenticator(options: ServiceAccountTokenOptions): TokenAuthenticator {
  const verified = new Map<string, TokenClaims>()
  return {
    async authenticateToken(token, audiences) {
      if (!options.issuers.includes(issuerOf(token) ?? '')) return undefined
      let claims = verified.get(token)
      if (!claims) {
        claims = await verifySignature(token, options.keys)
        if (verified.size >= rememberedTokens) verified.delete(verified.keys().next().value!)
        verified.set(token, claims)
      }
      return checkClaims(claims, audiences, options)
    },
  }
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch (error) {
    if (error instanceof errors.JWTInvalid || error instanceof TypeError) return undefined
    throw error
  }
}

async function verifySignature(token: string, keys: readonly VerificationKey[]): Promise<TokenClaims> {
  const { kid } = decodeProtectedHeader(token)
  const candidates = kid ? keys.filter(({ id }) => id === kid) : keys
  if (candidates.length === 0) throw new AuthenticationError('invalid signature, no keys found')
  let cause: unknown
  for (const key of candidates) {
    try {
      const { payload } = await compactVerify(token, key.publicKey, { algorithms: [key.algorithm] })
      return JSON.parse(new TextDecoder().decode(payload)) as TokenClaims
    } catch (error) {
      cause = error
    }
  }
  throw new AuthenticationError('the signature of the service account token is not valid', { cause })
}

function checkClaims(
  claims: TokenClaims,
  wanted: readonly string[],
  options: ServiceAccountTokenOptions,
): AuthenticatedToken {
  const meantFor = claims.aud === undefined ? options.audiences : [claims.aud].flat()
  const audiences = meantFor.filter((audience) => wanted.includes(audience))
  if (audiences.length === 0) {
    throw new AuthenticationError(
      `token audiences ${quoteAll(meantFor)} is invalid for the target audiences ${quoteAll(wanted)}`,
    )
  }
  checkTimes(claims, options.clock.nowMs() / 1000)
  const kubernetes = claims['kubernetes.io']
  if (!kubernetes?.namespace || !kubernetes.serviceaccount?.name) {
    throw new AuthenticationError('the token names no service account')
  }
  checkObjects(kubernetes, options.reader, options.clock.nowMs() - leewaySeconds * 1000)
  return { user: userOf(kubernetes, claims.jti), audiences }
}

function checkTimes({ exp, nbf, iat }: TokenClaims, nowSeconds: number): void {
  if (exp !== undefined && nowSeconds - leewaySeconds > exp)
    throw new AuthenticationError('service account token has expired')
  if (nbf !== undefined && nowSeconds + leewaySeconds < nbf)
    throw new AuthenticationError('service account token is not valid yet')
  if (iat !== undefined && nowSeconds + leewaySeconds < iat) {
    throw new AuthenticationError('service account token is issued in the future')
  }
}

function checkObjects(claims: KubernetesClaims, reader: ObjectReader, deletedBeforeMs: number): void {
  const { namespace, serviceaccount, pod, secret, node } = claims
  const account = reader.get(serviceAccounts, serviceaccount.name!, namespace)
  checkObject('service account', account, serviceaccount, deletedBeforeMs)
  if (secret) checkObject('secret', reader.get(secrets, secret.name ?? '', namespace), secret, deletedBeforeMs)
  if (pod) checkObject('pod', reader.get(pods, pod.name ?? '', namespace), pod, deletedBeforeMs)
  else if (node) checkObject('node', reader.get(nodes, node.name ?? ''), node, deletedBeforeMs)
}

function checkObject(
  what: string,
  object: { readonly metadata: { readonly uid: string; readonly deletionTimestamp?: string } } | undefined,
  claim: ObjectClaim,
  deletedBeforeMs: number,
): void {
  if (!object) throw new AuthenticationError(`service account token has been invalidated: its ${what} is gone`)
  const { uid, deletionTimestamp } = object.metadata
  if (uid !== claim.uid) throw new AuthenticationError(`${what} UID (${uid}) does not match claim (${claim.uid})`)
  if (deletionTimestamp && Date.parse(deletionTimestamp) < deletedBeforeMs) {
    throw new AuthenticationError(`service account token has been invalidated: its ${what} is being deleted`)
  }
}

/** After apiserver authentication/serviceaccount/util.go UserInfo v1.36. */
function userOf({ namespace, serviceaccount, pod, node }: KubernetesClaims, id: string | undefined): UserInfo {
  const extra: Record<string, string[]> = {}
  if (id) extra[credentialIdKey] = [`JTI=${id}`]
  if (pod?.name && pod.uid) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name]
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid]
  }
  if (node?.name) {
    extra['authentication.kubernetes.io/node-name'] = [node.name]
    if (node.uid) extra['authentication.kubernetes.io/node-uid'] = [node.uid]
  }
  const user = serviceAccountUser(namespace, serviceaccount.name!)
  return serviceaccount.uid ? { ...user, uid: serviceaccount.uid, extra } : { ...user, extra }
}

/** The identity of a service account, without uid and extra. */
export function serviceAccountUser(namespace: string, name: string): UserInfo {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
  return { name: userNameOf(namespace, name), groups, extra: {} }
}

function userNameOf(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`
}

function quoteAll(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
}
