import { tooManyField } from '../../../machinery/field-errors.ts'
import {
  asFields,
  asList,
  asString,
  asStrings,
  ConfigurationError,
  type Fields,
  fieldError,
  parseConfiguration,
  refuseUnknown,
} from '../../configuration/configuration-file.ts'

/** Whose tokens are believed, and how they are told to be meant for this server. */
export interface JwtIssuer {
  readonly url: string
  /** Where the issuer describes itself, if not below its own URL. */
  readonly discoveryUrl?: string
  /** PEM; the system's authorities if not given. */
  readonly certificateAuthority?: string
  readonly audiences: readonly string[]
}

/** By a claim of the token, or by an expression over all of them. */
export type ClaimMapping =
  | { readonly claim: string; readonly prefix: string }
  | { readonly expression: string; readonly path: string }

export interface ExtraMapping {
  readonly key: string
  readonly expression: string
  readonly path: string
}

export type ClaimRule =
  | { readonly claim: string; readonly requiredValue: string }
  | { readonly expression: string; readonly message: string; readonly path: string }

export interface UserRule {
  readonly expression: string
  readonly message: string
  readonly path: string
}

export const validAlgorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']

/** One trusted issuer, as a configuration or flags say it. */
export interface JwtConfiguration {
  readonly issuer: JwtIssuer
  /** JWS names; RS256 if not given. */
  readonly algorithms?: readonly string[]
  readonly username: ClaimMapping
  readonly groups?: ClaimMapping
  readonly uid?: ClaimMapping
  readonly extra: readonly ExtraMapping[]
  readonly claimRules: readonly ClaimRule[]
  readonly userRules: readonly UserRule[]
}

export interface AuthenticationConfiguration {
  readonly jwt: readonly JwtConfiguration[]
  readonly anonymous?: { readonly enabled: boolean; readonly paths: readonly string[] }
}

const maxIssuers = 64

const apiVersions = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`)

/**
 * An AuthenticationConfiguration. `disallowedIssuers`: this server's own. Throws a ConfigurationError.
 * After apiserver apis/apiserver/validation/validation.go v1.36.
 */
export function parseAuthenticationConfiguration(
  text: string,
  disallowedIssuers: readonly string[],
): AuthenticationConfiguration {
  const fields = parseConfiguration(text, { kind: 'AuthenticationConfiguration', apiVersions })
  refuseUnknown(fields, '', ['jwt', 'anonymous'])
  const items = asList(fields.jwt, 'jwt')
  if (items.length > maxIssuers) throw fieldError(tooManyField('jwt', items.length, maxIssuers))
  const jwt = items.map((item, index) => {
    const path = `jwt[${index}]`
    return parseJwt(asFields(item, path), path, disallowedIssuers)
  })
  refuseDuplicates(
    jwt.map(({ issuer }) => issuer.url),
    (index) => `jwt[${index}].issuer.url`,
  )
  refuseDuplicates(
    jwt.map(({ issuer }) => issuer.discoveryUrl ?? ''),
    (index) => `jwt[${index}].issuer.discoveryURL`,
  )
  return {
    jwt,
    ...(fields.anonymous !== undefined && { anonymous: parseAnonymous(asFields(fields.anonymous, 'anonymous')) }),
  }
}

function parseAnonymous(fields: Fields): NonNullable<AuthenticationConfiguration['anonymous']> {
  refuseUnknown(fields, 'anonymous', ['enabled', 'conditions'])
  const paths = asList(fields.conditions, 'anonymous.conditions').map((condition, index) => {
    const path = `anonymous.conditions[${index}]`
    return asString(asFields(condition, path).path, `${path}.path`)
  })
  const enabled = fields.enabled === true
  if (!enabled && paths.length > 0) {
    throw invalid('anonymous.conditions', '', 'enabled should be set to true when conditions are defined')
  }
  return { enabled, paths }
}

function parseJwt(fields: Fields, path: string, disallowedIssuers: readonly string[]): JwtConfiguration {
  refuseUnknown(fields, path, ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules'])
  const issuer = parseIssuer(asFields(fields.issuer, `${path}.issuer`), `${path}.issuer`, disallowedIssuers)
  const claimRules = asList(fields.claimValidationRules, `${path}.claimValidationRules`).map((rule, index) =>
    parseClaimRule(asFields(rule, path), `${path}.claimValidationRules[${index}]`),
  )
  const userRules = asList(fields.userValidationRules, `${path}.userValidationRules`).map((rule, index) => {
    const at = `${path}.userValidationRules[${index}]`
    const { expression, message, ...others } = asFields(rule, at)
    refuseUnknown(others, at, [])
    const text = required(expression, `${at}.expression`)
    return { expression: text, message: asString(message, `${at}.message`), path: `${at}.expression` }
  })
  refuseDuplicates(
    claimRules.map((rule) => ('claim' in rule ? rule.claim : '')),
    (index) => `${path}.claimValidationRules[${index}].claim`,
  )
  refuseDuplicates(
    claimRules.map((rule) => ('expression' in rule ? rule.expression : '')),
    (index) => `${path}.claimValidationRules[${index}].expression`,
  )
  refuseDuplicates(
    userRules.map(({ expression }) => expression),
    (index) => `${path}.userValidationRules[${index}].expression`,
  )
  return {
    issuer,
    // Whatever a key of the issuer can sign with will do.
    algorithms: validAlgorithms,
    claimRules,
    userRules,
    ...parseMappings(asFields(fields.claimMappings, path), `${path}.claimMappings`),
  }
}

function parseIssuer(fields: Fields, path: string, disallowedIssuers: readonly string[]): JwtIssuer {
  const known = [
    'url',
    'discoveryURL',
    'certificateAuthority',
    'audiences',
    'audienceMatchPolicy',
    'egressSelectorType',
  ]
  refuseUnknown(fields, path, known)
  const url = required(fields.url, `${path}.url`)
  requireHttps(url, `${path}.url`)
  if (disallowedIssuers.includes(url)) {
    const why = `URL must not overlap with disallowed issuers: [${disallowedIssuers.join(' ')}]`
    throw invalid(`${path}.url`, url, why)
  }
  const discoveryUrl = asString(fields.discoveryURL, `${path}.discoveryURL`)
  if (discoveryUrl !== '') {
    requireHttps(discoveryUrl, `${path}.discoveryURL`)
    if (discoveryUrl.replace(/\/+$/, '') === url.replace(/\/+$/, '')) {
      throw invalid(`${path}.discoveryURL`, discoveryUrl, 'discoveryURL must be different from URL')
    }
  }
  const audiences = asStrings(fields.audiences, `${path}.audiences`)
  if (audiences.length === 0) {
    throw new ConfigurationError(`${path}.audiences: Required value: at least one ${path}.audiences is required`)
  }
  refuseDuplicates(audiences, (index) => `${path}.audiences[${index}]`)
  const policy = asString(fields.audienceMatchPolicy, `${path}.audienceMatchPolicy`)
  if (policy !== 'MatchAny' && (audiences.length > 1 || policy !== '')) {
    const why =
      audiences.length > 1
        ? 'audienceMatchPolicy must be MatchAny for multiple audiences'
        : 'audienceMatchPolicy must be empty or MatchAny for single audience'
    throw invalid(`${path}.audienceMatchPolicy`, policy, why)
  }
  const certificateAuthority = asString(fields.certificateAuthority, `${path}.certificateAuthority`)
  requireEgress(asString(fields.egressSelectorType, `${path}.egressSelectorType`), `${path}.egressSelectorType`)
  requireCertificates(certificateAuthority, `${path}.certificateAuthority`)
  return {
    url,
    audiences,
    ...(discoveryUrl !== '' && { discoveryUrl }),
    ...(certificateAuthority !== '' && { certificateAuthority }),
  }
}

/** Which way out of the network is taken: here there is one, and so every choice is right. */
function requireEgress(type: string, path: string): void {
  if (['', 'controlplane', 'cluster'].includes(type)) return
  throw invalid(path, type, 'egress selector must be either controlplane or cluster')
}

function requireCertificates(pem: string, path: string): void {
  if (pem === '' || /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(pem)) return
  throw invalid(path, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates')
}

function requireHttps(text: string, path: string): void {
  const url = URL.parse(text)
  if (url?.protocol !== 'https:') throw invalid(path, text, 'URL scheme must be https')
  if (url.username !== '' || url.password !== '') {
    throw invalid(path, text, 'URL must not contain a username or password')
  }
  if (url.search !== '') throw invalid(path, text, 'URL must not contain a query')
  if (url.hash !== '') throw invalid(path, text, 'URL must not contain a fragment')
}

function parseClaimRule(fields: Fields, path: string): ClaimRule {
  refuseUnknown(fields, path, ['claim', 'requiredValue', 'expression', 'message'])
  const claim = asString(fields.claim, `${path}.claim`)
  const expression = asString(fields.expression, `${path}.expression`)
  if (claim !== '' && expression !== '') throw invalid(path, claim, "claim and expression can't both be set")
  if (claim === '' && expression === '') {
    throw new ConfigurationError(`${path}: Required value: claim or expression is required`)
  }
  const requiredValue = asString(fields.requiredValue, `${path}.requiredValue`)
  const message = asString(fields.message, `${path}.message`)
  if (claim !== '') {
    if (message !== '') throw invalid(`${path}.message`, message, 'may not be specified when claim is set')
    return { claim, requiredValue }
  }
  if (requiredValue !== '') {
    throw invalid(`${path}.requiredValue`, requiredValue, 'may not be specified when expression is set')
  }
  return { expression, message, path: `${path}.expression` }
}

function parseMappings(fields: Fields, path: string): Pick<JwtConfiguration, 'username' | 'groups' | 'uid' | 'extra'> {
  refuseUnknown(fields, path, ['username', 'groups', 'uid', 'extra'])
  const username = parseMapping(asFields(fields.username, path), `${path}.username`, true)
  const groups = parseMapping(asFields(fields.groups, path), `${path}.groups`, true)
  const uid = parseMapping(asFields(fields.uid, path), `${path}.uid`, false)
  if (!username) throw new ConfigurationError(`${path}.username: Required value: claim or expression is required`)
  const extra = asList(fields.extra, `${path}.extra`).map((item, index) => {
    const at = `${path}.extra[${index}]`
    return parseExtra(asFields(item, at), at)
  })
  refuseDuplicates(
    extra.map(({ key }) => key),
    (index) => `${path}.extra[${index}].key`,
  )
  return { username, extra, ...(groups && { groups }), ...(uid && { uid }) }
}

function parseMapping(fields: Fields, path: string, hasPrefix: boolean): ClaimMapping | undefined {
  refuseUnknown(fields, path, ['claim', 'expression', ...(hasPrefix ? ['prefix'] : [])])
  const claim = asString(fields.claim, `${path}.claim`)
  const expression = asString(fields.expression, `${path}.expression`)
  if (claim !== '' && expression !== '') throw invalid(path, '', "claim and expression can't both be set")
  if (expression !== '') {
    if (fields.prefix === undefined) return { expression, path: `${path}.expression` }
    throw invalid(`${path}.prefix`, String(fields.prefix), 'may not be specified when expression is set')
  }
  if (claim === '') return undefined
  if (hasPrefix && fields.prefix === undefined) {
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'
    throw new ConfigurationError(`${path}.prefix: Required value: ${why}`)
  }
  return { claim, prefix: asString(fields.prefix, `${path}.prefix`) }
}

function parseExtra(fields: Fields, path: string): ExtraMapping {
  refuseUnknown(fields, path, ['key', 'valueExpression'])
  const key = required(fields.key, `${path}.key`)
  const keyPath = `${path}.key`
  if (!/^[^/]+\/.+$/.test(key)) throw invalid(keyPath, key, 'must be a domain-prefixed path (such as "acme.io/foo")')
  if (key !== key.toLowerCase()) throw invalid(keyPath, key, 'must be lowercase')
  if (/^([^/]+\.)?(kubernetes|k8s)\.io\//.test(key)) {
    throw invalid(keyPath, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use')
  }
  const at = `${path}.valueExpression`
  return { key, expression: required(fields.valueExpression, at), path: at }
}

function required(value: unknown, path: string): string {
  const text = asString(value, path)
  if (text === '') throw new ConfigurationError(`${path}: Required value`)
  return text
}

function invalid(path: string, value: string, why: string): ConfigurationError {
  return new ConfigurationError(`${path}: Invalid value: ${JSON.stringify(value)}: ${why}`)
}

/** Where nothing is said there is nothing said twice. */
function refuseDuplicates(values: readonly string[], path: (index: number) => string): void {
  const index = values.findIndex((value, at) => value !== '' && values.indexOf(value) < at)
  if (index >= 0) throw new ConfigurationError(`${path(index)}: Duplicate value: ${JSON.stringify(values[index])}`)
}
