import { readFileSync } from 'node:fs'
import { readAdmissionConfiguration } from '../apiserver/admission/admission-configuration.ts'
import { readAuditPolicy } from '../apiserver/audit/policy.ts'
import type { ServiceAccountOptions } from '../apiserver/authentication/credentials.ts'
import { defaultRequestHeaders, type RequestHeaderOptions } from '../apiserver/authentication/request-header.ts'
import { signingKey, verificationKey } from '../apiserver/authentication/service-account-keys.ts'
import { tokenFileAuthenticator } from '../apiserver/authentication/token-file.ts'
import type { AuthorizerType } from '../apiserver/authorization/authorizer-types.ts'
import type { ConfiguredAuthorizer } from '../apiserver/authorization/configuration.ts'
import type { AuthorizationOptions } from '../apiserver/authorization/create-authorizer.ts'
import { defaultInFlight } from '../apiserver/flowcontrol/max-in-flight.ts'
import { certificatesOf } from '../apiserver/http/certificate-authorities.ts'
import type { ApiServerOptions } from '../apiserver/server-options.ts'
import type { ApiServerFlags } from './api-server-flags.ts'
import { OptionError } from './usage-error.ts'

/** What the cluster itself has, and flags add to. PEM. */
export interface ApiServerDefaults {
  readonly issuer: string
  readonly serviceAccountKey: { readonly privateKey: string }
  /** Signs certificates of clients. */
  readonly certificateAuthority: string
  readonly frontProxyAuthority: string
}

export type ApiServerSettings = Pick<
  ApiServerOptions,
  | 'authentication'
  | 'authorization'
  | 'serviceAccounts'
  | 'requestHeader'
  | 'clientCertificateAuthorities'
  | 'enabledAdmissionPlugins'
  | 'disabledAdmissionPlugins'
  | 'admissionConfiguration'
  | 'audit'
  | 'priorityAndFairness'
  | 'maxInFlight'
  | 'requestTimeoutMs'
  | 'minRequestTimeoutSeconds'
  | 'eventTtlMs'
>

/** Where each flag goes; files are read. Throws an OptionError for a file that makes no sense. */
export function apiServerSettings(flags: ApiServerFlags, defaults: ApiServerDefaults): ApiServerSettings {
  const { maxRequestsInflight, maxMutatingRequestsInflight } = flags
  return {
    authentication: authentication(flags),
    authorization: authorization(flags),
    serviceAccounts: serviceAccounts(flags, defaults),
    requestHeader: requestHeader(flags, defaults),
    maxInFlight: {
      reading: maxRequestsInflight ?? defaultInFlight.reading,
      mutating: maxMutatingRequestsInflight ?? defaultInFlight.mutating,
    },
    ...given('clientCertificateAuthorities', checkedFile('client-ca-file', flags.clientCaFile, requireCertificates)),
    ...given('enabledAdmissionPlugins', flags.enableAdmissionPlugins),
    ...given('disabledAdmissionPlugins', flags.disableAdmissionPlugins),
    ...given('admissionConfiguration', admissionConfiguration(flags)),
    ...given('audit', audit(flags)),
    ...given('priorityAndFairness', flags.enablePriorityAndFairness),
    ...given('requestTimeoutMs', flags.requestTimeout),
    ...given('minRequestTimeoutSeconds', flags.minRequestTimeout),
    ...given('eventTtlMs', flags.eventTtl),
  }
}

/** A property where there is a value, and none otherwise. */
function given<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]: V })
}

function file(flag: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new OptionError(`cannot read --${flag} ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** What `use` makes of a file; its complaints become one sentence that names the flag. */
function usedFile<T>(flag: string, path: string | undefined, use: (text: string) => T): T | undefined {
  const text = file(flag, path)
  if (text === undefined) return undefined
  try {
    return use(text)
  } catch (error) {
    throw new OptionError(`cannot use --${flag} ${path}: ${(error as Error).message}`, { cause: error })
  }
}

/** A file's text, which `check` throws for where it makes no sense. */
function checkedFile(flag: string, path: string | undefined, check: (text: string) => unknown): string | undefined {
  return usedFile(flag, path, (text) => {
    check(text)
    return text
  })
}

function requireCertificates(pem: string): void {
  if (certificatesOf(pem).length === 0) throw new Error('data does not contain any valid RSA or ECDSA certificates')
}

function authentication(flags: ApiServerFlags): ApiServerSettings['authentication'] {
  const { oidcIssuerUrl, oidcClientId, authenticationTokenWebhookConfigFile: webhook } = flags
  return {
    ...given('staticTokens', checkedFile('token-auth-file', flags.tokenAuthFile, tokenFileAuthenticator)),
    ...given('bootstrapTokens', flags.enableBootstrapTokenAuth),
    ...given('configurationFile', flags.authenticationConfig),
    ...given('anonymous', anonymous(flags)),
    ...(oidcIssuerUrl !== undefined &&
      oidcClientId !== undefined && { oidc: oidc(flags, oidcIssuerUrl, oidcClientId) }),
    ...(webhook !== undefined && {
      tokenWebhook: {
        kubeconfigPath: webhook,
        ...given('version', flags.authenticationTokenWebhookVersion),
        ...given('cacheTtlMs', flags.authenticationTokenWebhookCacheTtl),
      },
    }),
  }
}

/** Nobody in particular must not be allowed everything. After BuiltInAuthenticationOptions ApplyAuthorization. */
function anonymous({ anonymousAuth, authorizationMode = [] }: ApiServerFlags): boolean | undefined {
  return authorizationMode.includes('AlwaysAllow') ? false : anonymousAuth
}

function oidc(
  flags: ApiServerFlags,
  issuerUrl: string,
  clientId: string,
): NonNullable<ApiServerSettings['authentication']['oidc']> {
  return {
    issuerUrl,
    clientId,
    ...given('certificateAuthority', checkedFile('oidc-ca-file', flags.oidcCaFile, requireCertificates)),
    ...given('usernameClaim', flags.oidcUsernameClaim),
    ...given('usernamePrefix', flags.oidcUsernamePrefix),
    ...given('groupsClaim', flags.oidcGroupsClaim),
    ...given('groupsPrefix', flags.oidcGroupsPrefix),
    ...given('requiredClaims', flags.oidcRequiredClaim),
    ...given('signingAlgorithms', flags.oidcSigningAlgs),
  }
}

const defaultAuthorizedTtlMs = 300_000
const defaultUnauthorizedTtlMs = 30_000
const webhookTimeoutMs = 30_000
const defaultModes: readonly AuthorizerType[] = ['Node', 'RBAC']

/** Kubelets and roles where nothing is said: kube-apiserver would then allow everything. */
function authorization(flags: ApiServerFlags): AuthorizationOptions {
  const { authorizationConfig, authorizationMode = defaultModes } = flags
  if (authorizationConfig !== undefined) return { configurationFile: authorizationConfig }
  return { authorizers: authorizationMode.map((mode) => authorizerOf(mode, flags)) }
}

function authorizerOf(mode: AuthorizerType, flags: ApiServerFlags): ConfiguredAuthorizer {
  if (mode !== 'Webhook') return { type: mode }
  return {
    type: mode,
    name: 'default',
    webhook: {
      kubeconfigPath: flags.authorizationWebhookConfigFile ?? '',
      version: flags.authorizationWebhookVersion ?? 'v1beta1',
      timeoutMs: webhookTimeoutMs,
      authorizedTtlMs: flags.authorizationWebhookCacheAuthorizedTtl ?? defaultAuthorizedTtlMs,
      unauthorizedTtlMs: flags.authorizationWebhookCacheUnauthorizedTtl ?? defaultUnauthorizedTtlMs,
      failurePolicy: 'NoOpinion',
      matchConditions: [],
    },
  }
}

function serviceAccounts(flags: ApiServerFlags, defaults: ApiServerDefaults): ServiceAccountOptions {
  const [issuer = defaults.issuer, ...otherIssuers] = flags.serviceAccountIssuer ?? []
  const privateKey = checkedFile('service-account-signing-key-file', flags.serviceAccountSigningKeyFile, signingKey)
  const maxMs = flags.serviceAccountMaxTokenExpiration
  return {
    issuer,
    otherIssuers,
    key: privateKey === undefined ? defaults.serviceAccountKey : { privateKey },
    otherKeys: (flags.serviceAccountKeyFile ?? []).flatMap(publicKeysOf),
    ...given('audiences', flags.apiAudiences),
    ...given('keySetUrl', flags.serviceAccountJwksUri),
    ...given('extendTokenExpiration', flags.serviceAccountExtendTokenExpiration),
    ...(maxMs !== undefined && maxMs > 0 && { maxTokenExpirationSeconds: Math.floor(maxMs / 1_000) }),
  }
}

function publicKeysOf(path: string): readonly string[] {
  const keys = usedFile('service-account-key-file', path, (text) => {
    const found = text.match(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g)
    if (!found) throw new Error('data does not contain any valid RSA or ECDSA public keys')
    for (const key of found) verificationKey(key)
    return found
  })
  return keys ?? []
}

/** This cluster's own front proxy counts beside the one that is told of: aggregated servers must believe both. */
function requestHeader(
  flags: ApiServerFlags,
  { certificateAuthority, frontProxyAuthority: ownAuthority }: ApiServerDefaults,
): RequestHeaderOptions {
  const authority = checkedFile('requestheader-client-ca-file', flags.requestheaderClientCaFile, requireCertificates)
  if (authority === undefined) return { ...defaultRequestHeaders, certificateAuthority: ownAuthority }
  const { requestheaderAllowedNames: names = [] } = flags
  const clientAuthorities = `${certificateAuthority}\n${file('client-ca-file', flags.clientCaFile) ?? ''}`
  if (names.length === 0 && overlap(authority, clientAuthorities)) {
    throw new OptionError(
      '--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; --requestheader-allowed-names must be specified to ensure regular client certificates cannot set authenticating proxy headers for arbitrary users',
    )
  }
  const also = (own: readonly string[], more: readonly string[] = []) => [...new Set([...own, ...more])]
  return {
    certificateAuthority: `${ownAuthority.trimEnd()}\n${authority}`,
    allowedNames: names.length === 0 ? [] : also(defaultRequestHeaders.allowedNames, names),
    usernameHeaders: also(defaultRequestHeaders.usernameHeaders, flags.requestheaderUsernameHeaders),
    uidHeaders: also(defaultRequestHeaders.uidHeaders, flags.requestheaderUidHeaders),
    groupHeaders: also(defaultRequestHeaders.groupHeaders, flags.requestheaderGroupHeaders),
    extraHeaderPrefixes: also(defaultRequestHeaders.extraHeaderPrefixes, flags.requestheaderExtraHeadersPrefix),
  }
}

/** Whether two bundles have a certificate in common. */
function overlap(left: string, right: string): boolean {
  const known = certificatesOf(right).map(({ fingerprint256 }) => fingerprint256)
  return certificatesOf(left).some(({ fingerprint256 }) => known.includes(fingerprint256))
}

function admissionConfiguration({ admissionControlConfigFile: path }: ApiServerFlags) {
  return usedFile('admission-control-config-file', path, (text) => readAdmissionConfiguration(text, path ?? ''))
}

function audit(flags: ApiServerFlags): ApiServerSettings['audit'] {
  const { auditPolicyFile, auditLogPath: path, auditLogMaxage, auditLogMaxbackup, auditLogMaxsize } = flags
  const policy = checkedFile('audit-policy-file', auditPolicyFile, readAuditPolicy)
  const kubeconfig = file('audit-webhook-config-file', flags.auditWebhookConfigFile)
  if (policy === undefined) return undefined
  return {
    policy,
    ...(path !== undefined && {
      log: {
        path,
        ...given('maxAgeDays', auditLogMaxage),
        ...given('maxBackups', auditLogMaxbackup),
        ...given('maxSizeMegabytes', auditLogMaxsize),
      },
    }),
    ...(kubeconfig !== undefined && { webhook: { kubeconfig } }),
  }
}
