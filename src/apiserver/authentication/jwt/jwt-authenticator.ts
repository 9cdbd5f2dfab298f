import { decodeJwt, errors, jwtVerify } from 'jose'
import { CelRuntimeError } from '../../../machinery/cel/evaluation.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { Clock } from '../../../platform/clock.ts'
import { ConfigurationError, fieldError } from '../../configuration/configuration-file.ts'
import type { UserInfo } from '../../request.ts'
import { AuthenticationError, credentialIdKey, type TokenAuthenticator } from '../authenticator.ts'
import { type ClaimMapping, type JwtConfiguration, validAlgorithms } from './configuration.ts'
import {
  type ClaimExpression,
  type Claims,
  compileClaimRule,
  compileMapping,
  compileUserRule,
  evaluateClaims,
  evaluateUser,
  mentionsClaim,
  stringsOf,
} from './expressions.ts'
import { KeySet, KeySetError } from './key-set.ts'

/** Clocks may differ this much before a token that is not valid yet is refused. After go-oidc. */
const notBeforeLeewaySeconds = 5 * 60

/**
 * Tokens of an OpenID Connect issuer, told apart by their `iss`. Throws a ConfigurationError for a configuration that
 * makes no sense. After apiserver plugin/pkg/authenticator/token/oidc v1.36, without distributed claims.
 */
export function jwtAuthenticator(configuration: JwtConfiguration, clock: Clock): TokenAuthenticator {
  const { issuer, algorithms = ['RS256'] } = configuration
  const unsupported = algorithms.find((algorithm) => !validAlgorithms.includes(algorithm))
  if (unsupported) throw new ConfigurationError(`oidc: unsupported signing alg: ${JSON.stringify(unsupported)}`)
  requireVerifiedEmail(configuration)
  const keys = new KeySet(issuer, clock)
  const toUser = userMapper(configuration)
  return {
    async authenticateToken(token, audiences) {
      if (untrustedIssuer(token) !== issuer.url) return undefined
      const claims = await verify(token, { configuration, keys, algorithms, clock })
      return { user: toUser(claims), audiences }
    },
  }
}

/** An address that nobody has proved to have must not become a name unseen. */
function requireVerifiedEmail({ username, extra, claimRules }: JwtConfiguration): void {
  if (!('expression' in username)) return
  const expressions = [username, ...extra, ...claimRules.filter((rule) => 'expression' in rule)]
  const mentioned = (claim: string, among: readonly { readonly expression: string; readonly path: string }[]) =>
    among.some(({ expression, path }) => mentionsClaim(compileMapping(expression, path), claim))
  if (!mentioned('email', [username]) || mentioned('email_verified', expressions)) return
  const places =
    'claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression'
  const why = `claims.email_verified must be used in ${places} when claims.email is used in claimMappings.username.expression`
  throw fieldError(invalidField(username.path, username.expression, why))
}

function untrustedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch (error) {
    if (error instanceof errors.JWTInvalid || error instanceof TypeError) return undefined
    throw error
  }
}

interface Verification {
  readonly configuration: JwtConfiguration
  readonly keys: KeySet
  readonly algorithms: readonly string[]
  readonly clock: Clock
}

async function verify(token: string, { configuration, keys, algorithms, clock }: Verification): Promise<Claims> {
  const { url, audiences } = configuration.issuer
  const nowMs = clock.nowMs()
  try {
    const { payload } = await jwtVerify(token, keys.keyFor, {
      issuer: url,
      audience: [...audiences],
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      clockTolerance: notBeforeLeewaySeconds,
      currentDate: new Date(nowMs),
    })
    // The tolerance is for the beginning of validity alone.
    if (payload.exp! * 1000 < nowMs) throw new AuthenticationError('oidc: verify token: oidc: token is expired')
    return payload
  } catch (error) {
    if (error instanceof KeySetError) throw new AuthenticationError(error.message, { cause: error })
    if (!(error instanceof errors.JOSEError)) throw error
    throw new AuthenticationError(`oidc: verify token: ${error.message}`, { cause: error })
  }
}

/** From claims to a user: what each part comes from, and what has to hold. */
function userMapper(configuration: JwtConfiguration): (claims: Claims) => UserInfo {
  const username = usernameOf(configuration.username)
  const groups = configuration.groups && groupsOf(configuration.groups)
  const uid = configuration.uid && uidOf(configuration.uid)
  const extra = configuration.extra.map(({ key, expression, path }) => ({
    key,
    expression: compileMapping(expression, path),
  }))
  const checkClaims = claimRules(configuration)
  const checkUser = userRules(configuration)
  return (claims) => {
    const name = username(claims)
    const mapped = extra.map(({ key, expression }) => ({
      key,
      values: run(() => stringsOf(evaluateClaims(expression, claims)), 'extra claim'),
    }))
    const user: UserInfo = {
      name,
      groups: groups?.(claims) ?? [],
      ...(uid && { uid: uid(claims) }),
      extra: {
        ...(typeof claims.jti === 'string' && { [credentialIdKey]: [`JTI=${claims.jti}`] }),
        ...Object.fromEntries(mapped.filter(({ values }) => values.length > 0).map(({ key, values }) => [key, values])),
      },
    }
    checkClaims(claims)
    checkUser(user)
    return user
  }
}

function usernameOf(mapping: ClaimMapping): (claims: Claims) => string {
  if ('expression' in mapping) {
    const expression = compileMapping(mapping.expression, mapping.path)
    return (claims) => {
      const name = run(() => evaluateClaims(expression, claims), 'username claim')
      if (typeof name !== 'string') {
        throw new AuthenticationError(
          'oidc: error evaluating username claim expression: username claim expression must return a string',
        )
      }
      if (name === '') throw new AuthenticationError('oidc: empty username via CEL expression is not allowed')
      return name
    }
  }
  const { claim, prefix } = mapping
  return (claims) => {
    const name = claims[claim]
    if (typeof name !== 'string') {
      const why = name === undefined ? 'claim not present' : `cannot unmarshal ${typeof name} into a string`
      throw new AuthenticationError(`oidc: parse username claims ${JSON.stringify(claim)}: ${why}`)
    }
    // An address that nobody has proved to have is no name.
    if (claim === 'email' && claims.email_verified !== undefined && claims.email_verified !== true) {
      throw new AuthenticationError('oidc: email not verified')
    }
    return `${prefix}${name}`
  }
}

function groupsOf(mapping: ClaimMapping): (claims: Claims) => string[] {
  if ('expression' in mapping) {
    const expression = compileMapping(mapping.expression, mapping.path)
    return (claims) => run(() => stringsOf(evaluateClaims(expression, claims)), 'group claim')
  }
  const { claim, prefix } = mapping
  return (claims) => {
    const found = claims[claim]
    if (found === undefined) return []
    const groups = typeof found === 'string' ? [found] : found
    if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
      throw new AuthenticationError(
        `oidc: parse groups claim ${JSON.stringify(claim)}: not a string or a list of strings`,
      )
    }
    return groups.map((group) => `${prefix}${group}`)
  }
}

function uidOf(mapping: ClaimMapping): (claims: Claims) => string {
  if ('expression' in mapping) {
    const expression = compileMapping(mapping.expression, mapping.path)
    return (claims) => {
      const uid = run(() => evaluateClaims(expression, claims), 'uid claim')
      if (typeof uid === 'string') return uid
      throw new AuthenticationError(
        'oidc: error evaluating uid claim expression: uid claim expression must return a string',
      )
    }
  }
  const { claim } = mapping
  return (claims) => {
    const uid = claims[claim]
    if (typeof uid === 'string') return uid
    throw new AuthenticationError(`oidc: parse uid claim ${JSON.stringify(claim)}: claim not present`)
  }
}

function claimRules({ claimRules: rules }: JwtConfiguration): (claims: Claims) => void {
  const checks = rules.map((rule) => {
    if ('claim' in rule) return (claims: Claims) => requireClaim(claims, rule.claim, rule.requiredValue)
    const expression = compileClaimRule(rule.expression, rule.path)
    return (claims: Claims) => {
      const holds = run(() => evaluateClaims(expression, claims), 'claim validation')
      requireTrue(holds, expression, rule.message, 'claim validation expression')
    }
  })
  return (claims) => {
    for (const check of checks) check(claims)
  }
}

function userRules({ userRules: rules }: JwtConfiguration): (user: UserInfo) => void {
  const compiled = rules.map(({ expression, message, path }) => ({
    message,
    expression: compileUserRule(expression, path),
  }))
  return (user) => {
    for (const { expression, message } of compiled) {
      const holds = run(() => evaluateUser(expression, user), 'user info validation rule')
      requireTrue(holds, expression, message, 'user info validation rule')
    }
  }
}

function requireClaim(claims: Claims, claim: string, want: string): void {
  const found = claims[claim]
  if (found === undefined) throw new AuthenticationError(`oidc: required claim ${claim} not present in ID token`)
  if (found === want) return
  throw new AuthenticationError(
    `oidc: required claim ${claim} value does not match. Got = ${String(found)}, want = ${want}`,
  )
}

function requireTrue(holds: unknown, { text }: ClaimExpression, message: string, what: string): void {
  if (holds === true) return
  const why =
    message === '' ? `validation expression '${text}' failed` : `validation expression '${text}' failed: ${message}`
  throw new AuthenticationError(`oidc: error evaluating ${what}: ${why}`)
}

function run<T>(evaluate: () => T, what: string): T {
  try {
    return evaluate()
  } catch (error) {
    if (!(error instanceof CelRuntimeError)) throw error
    throw new AuthenticationError(`oidc: error evaluating ${what} expression: ${error.message}`, { cause: error })
  }
}
