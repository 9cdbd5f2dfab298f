import { type AuthorizerType, isAuthorizerType } from '../apiserver/authorization/authorizer-types.ts'
import { duration, list, type OptionReader, oneOf, pairs, text, texts, wholeNumber, yesOrNo } from './option-readers.ts'
import { OptionError } from './usage-error.ts'

/** A flag of kube-apiserver's, with its name there. */
export interface ApiServerFlag<T = unknown> {
  readonly read: OptionReader<T>
  /** What stands behind its name. A switch may stand alone. */
  readonly value: '<value>' | '[boolean]'
  /** Whether it may be given several times. */
  readonly isRepeatable: boolean
}

const one = <T>(read: OptionReader<T>): ApiServerFlag<T> => ({ read, value: '<value>', isRepeatable: false })
const many = <T>(read: OptionReader<T>): ApiServerFlag<T> => ({ read, value: '<value>', isRepeatable: true })
const onOff: ApiServerFlag<boolean> = { read: yesOrNo, value: '[boolean]', isRepeatable: false }
const number: ApiServerFlag<number> = one((key, value) => wholeNumber(key, value))

function modes(key: string, value: unknown): readonly AuthorizerType[] {
  return list(key, value).map((mode) => {
    if (isAuthorizerType(mode)) return mode
    throw new OptionError(`authorization-mode ${JSON.stringify(mode)} is not a valid mode`)
  })
}

const reviewVersion = one(oneOf(['v1', 'v1beta1']))

/**
 * Every flag of kube-apiserver that kubets has, by its name in options, and how its value is read. Where each goes to
 * says `api-server-settings.ts`. After kube-apiserver v1.36 --help.
 */
export const apiServerFlags = {
  tokenAuthFile: one(text),
  anonymousAuth: onOff,
  enableBootstrapTokenAuth: onOff,
  clientCaFile: one(text),
  authenticationConfig: one(text),
  authenticationTokenWebhookConfigFile: one(text),
  authenticationTokenWebhookVersion: reviewVersion,
  authenticationTokenWebhookCacheTtl: one(duration),
  oidcIssuerUrl: one(text),
  oidcClientId: one(text),
  oidcCaFile: one(text),
  oidcUsernameClaim: one(text),
  oidcUsernamePrefix: one(text),
  oidcGroupsClaim: one(text),
  oidcGroupsPrefix: one(text),
  oidcRequiredClaim: many(pairs),
  oidcSigningAlgs: many(list),
  requestheaderClientCaFile: one(text),
  requestheaderAllowedNames: many(list),
  requestheaderUsernameHeaders: many(list),
  requestheaderUidHeaders: many(list),
  requestheaderGroupHeaders: many(list),
  requestheaderExtraHeadersPrefix: many(list),
  serviceAccountIssuer: many(texts),
  serviceAccountSigningKeyFile: one(text),
  serviceAccountKeyFile: many(texts),
  serviceAccountJwksUri: one(text),
  serviceAccountMaxTokenExpiration: one(duration),
  serviceAccountExtendTokenExpiration: onOff,
  apiAudiences: many(list),

  authorizationMode: many(modes),
  authorizationConfig: one(text),
  authorizationWebhookConfigFile: one(text),
  authorizationWebhookVersion: reviewVersion,
  authorizationWebhookCacheAuthorizedTtl: one(duration),
  authorizationWebhookCacheUnauthorizedTtl: one(duration),

  enableAdmissionPlugins: many(list),
  disableAdmissionPlugins: many(list),
  admissionControlConfigFile: one(text),

  auditPolicyFile: one(text),
  auditLogPath: one(text),
  auditLogMaxage: number,
  auditLogMaxbackup: number,
  auditLogMaxsize: number,
  auditLogFormat: one(oneOf(['json'])),
  auditWebhookConfigFile: one(text),

  etcdCafile: one(text),
  etcdCertfile: one(text),
  etcdKeyfile: one(text),
  encryptionProviderConfig: one(text),
  encryptionProviderConfigAutomaticReload: onOff,

  enablePriorityAndFairness: onOff,
  maxRequestsInflight: number,
  maxMutatingRequestsInflight: number,
  requestTimeout: one(duration),
  minRequestTimeout: number,
  eventTtl: one(duration),
} as const

type Flags = typeof apiServerFlags

/** What was said of the API server; what was not has kube-apiserver's default, or kubets' own. */
export type ApiServerFlags = {
  readonly [Name in keyof Flags]?: Flags[Name] extends ApiServerFlag<infer T> ? T : never
}
