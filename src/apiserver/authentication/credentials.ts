import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { ConfigurationError } from '../configuration/configuration-file.ts'
import { type FileObserver, openFollowedFile } from '../configuration/followed-file.ts'
import type { ReviewWebhookDependencies } from '../configuration/review-webhook.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AnonymousAccess } from './authenticate.ts'
import type { Authenticator, TokenAuthenticator } from './authenticator.ts'
import { audienceAgnostic, bearerTokenAuthenticator, tokenUnion } from './bearer-token.ts'
import { bootstrapTokenAuthenticator } from './bootstrap-token.ts'
import { clientCertificateAuthenticator } from './client-certificate.ts'
import { type AuthenticationConfiguration, parseAuthenticationConfiguration } from './jwt/configuration.ts'
import { jwtAuthenticator } from './jwt/jwt-authenticator.ts'
import { jwtFromOidcFlags, type OidcFlags } from './jwt/oidc-flags.ts'
import { type RequestHeaderOptions, requestHeaderAuthenticator } from './request-header.ts'
import { type SigningKey, signingKey, type VerificationKey, verificationKey } from './service-account-keys.ts'
import { serviceAccountTokenAuthenticator } from './service-account-token.ts'
import { tokenFileAuthenticator } from './token-file.ts'
import { type TokenWebhookOptions, webhookTokenAuthenticator } from './webhook-token.ts'

/** Who is let in, beside clients with certificates and service accounts. */
export interface AuthenticationOptions {
  /** Upstream's token file, its text. */
  readonly staticTokens?: string
  /** Whether the tokens of Secrets by which nodes join count. Default true. */
  readonly bootstrapTokens?: boolean
  readonly oidc?: OidcFlags
  /** The path of an AuthenticationConfiguration, which may change: --authentication-config. */
  readonly configurationFile?: string
  readonly tokenWebhook?: TokenWebhookOptions
  /** Whether requests without credentials are let in as `system:anonymous`. Default true, as upstream. */
  readonly anonymous?: boolean
}

export interface ServiceAccountOptions {
  /** Signs tokens. Those of the others count as well: an issuer that is about to be replaced, or has been. */
  readonly issuer: string
  readonly otherIssuers?: readonly string[]
  /** Tokens for these are tokens for this server; the issuers if not given. */
  readonly audiences?: readonly string[]
  /** PEM: signs tokens. */
  readonly key: { readonly privateKey: string }
  /** Public keys of other tokens that count, PEM. */
  readonly otherKeys?: readonly string[]
  /** Where others find the keys, if not at this server. */
  readonly keySetUrl?: string
  readonly maxTokenExpirationSeconds?: number
  /** Whether tokens of Pods are good for a year, so that programs that never read theirs again go on. Default true. */
  readonly extendTokenExpiration?: boolean
}

export interface CredentialOptions {
  readonly authentication: AuthenticationOptions
  readonly serviceAccounts: ServiceAccountOptions
  readonly requestHeader: RequestHeaderOptions | undefined
}

export interface CredentialDependencies extends ReviewWebhookDependencies {
  readonly reader: ObjectReader
  /** Of the configuration file. */
  readonly observer: FileObserver
  readonly clock: Clock
  readonly log: Logger
}

/** All ways in which a request can show who sends it. */
export interface Credentials {
  readonly authenticators: readonly Authenticator[]
  readonly anonymous: AnonymousAccess
  readonly tokens: TokenAuthenticator
  readonly signingKey: SigningKey
  readonly keys: readonly VerificationKey[]
  /** Tokens for these are tokens for this server. */
  readonly audiences: readonly string[]
  /** Takes changes of the configuration file up, if there is one, until `signal` aborts. */
  follow(signal: AbortSignal): Promise<void>
}

/**
 * In upstream's order: front proxy, certificate, then token file, service account and bootstrap tokens, other issuers,
 * and the webhook last. Rejects with a ConfigurationError. After kubernetes pkg/kubeapiserver/authenticator v1.36.
 */
export async function createCredentials(
  { authentication, serviceAccounts, requestHeader }: CredentialOptions,
  dependencies: CredentialDependencies,
): Promise<Credentials> {
  const { reader, clock } = dependencies
  const { issuer, otherIssuers = [], otherKeys = [] } = serviceAccounts
  const { staticTokens, bootstrapTokens = true, tokenWebhook } = authentication
  const key = signingKey(serviceAccounts.key.privateKey)
  const keys = [key, ...otherKeys.map(verificationKey)]
  const issuers = [issuer, ...otherIssuers]
  const { audiences = issuers } = serviceAccounts
  const structured = await openIssuers(authentication, issuers, dependencies)
  const agnostic = (authenticator: TokenAuthenticator) => audienceAgnostic(authenticator, audiences)
  const tokens = tokenUnion([
    ...(staticTokens === undefined ? [] : [agnostic(tokenFileAuthenticator(staticTokens))]),
    serviceAccountTokenAuthenticator({ issuers, audiences, keys, reader, clock }),
    ...(bootstrapTokens ? [agnostic(bootstrapTokenAuthenticator(reader, clock))] : []),
    agnostic(structured.tokens),
    ...(tokenWebhook ? [webhookTokenAuthenticator(tokenWebhook, { ...dependencies, ownAudiences: audiences })] : []),
  ])
  const authenticators = [
    ...(requestHeader ? [requestHeaderAuthenticator(requestHeader, clock)] : []),
    clientCertificateAuthenticator(clock),
    bearerTokenAuthenticator(tokens, audiences),
  ]
  const { anonymous, follow } = structured
  return { authenticators, anonymous, tokens, signingKey: key, keys, audiences, follow }
}

/** Token issuers and anonymous access, which flags or a file may describe. */
interface Structured {
  readonly tokens: TokenAuthenticator
  readonly anonymous: AnonymousAccess
  readonly follow: (signal: AbortSignal) => Promise<void>
}

async function openIssuers(
  options: AuthenticationOptions,
  ownIssuers: readonly string[],
  { clock, log, observer }: Pick<CredentialDependencies, 'clock' | 'log' | 'observer'>,
): Promise<Structured> {
  const { oidc, configurationFile, anonymous: anonymousFlag } = options
  if (configurationFile === undefined) {
    const tokens = oidc ? jwtAuthenticator(jwtFromOidcFlags(oidc), clock) : tokenUnion([])
    return { tokens, anonymous: anonymousFlag ?? true, follow: () => Promise.resolve() }
  }
  let first: AuthenticationConfiguration | undefined
  const file = await openFollowedFile({
    path: configurationFile,
    clock,
    log,
    observer,
    parse(text) {
      const found = parseAuthenticationConfiguration(text, ownIssuers)
      refuseOtherAnonymous(found, first, anonymousFlag)
      const tokens = tokenUnion(found.jwt.map((jwt) => jwtAuthenticator(jwt, clock)))
      first ??= found
      return { found, tokens }
    },
  })
  const { anonymous } = file.current().found
  return {
    tokens: { authenticateToken: (token, audiences) => file.current().tokens.authenticateToken(token, audiences) },
    anonymous: anonymous ? accessOf(anonymous) : (anonymousFlag ?? true),
    follow: (signal) => file.follow(signal),
  }
}

/** Said once, in one place, and not changed while the server runs. */
function refuseOtherAnonymous(
  { anonymous }: AuthenticationConfiguration,
  first: AuthenticationConfiguration | undefined,
  flag: boolean | undefined,
): void {
  if (anonymous && flag !== undefined) {
    throw new ConfigurationError(
      'anonymous: Forbidden: --anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
    )
  }
  if (first && JSON.stringify(anonymous) !== JSON.stringify(first.anonymous)) {
    throw new ConfigurationError('anonymous: Forbidden: changed from initial configuration file')
  }
}

function accessOf({ enabled, paths }: NonNullable<AuthenticationConfiguration['anonymous']>): AnonymousAccess {
  return enabled && paths.length > 0 ? { paths } : enabled
}
