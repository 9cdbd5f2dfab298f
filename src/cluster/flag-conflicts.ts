import type { AuthorizerType } from '../apiserver/authorization/authorizer-types.ts'
import { type ApiServerFlags, apiServerFlags } from './api-server-flags.ts'
import { OptionError } from './usage-error.ts'

interface Conflict {
  readonly when: (flags: ApiServerFlags) => boolean
  readonly says: string | ((flags: ApiServerFlags) => string)
}

/** Flags that make no sense together, or alone. In the words of kube-apiserver v1.36 where it has any. */
const conflicts: readonly Conflict[] = [
  {
    when: (flags) => flags.authenticationConfig !== undefined && anyOf(flags, 'oidc'),
    says: 'authentication-config file and oidc-* flags are mutually exclusive',
  },
  {
    when: (flags) => anyOf(flags, 'oidc') && !(flags.oidcIssuerUrl && flags.oidcClientId),
    says: 'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
  },
  {
    when: (flags) =>
      flags.authorizationConfig !== undefined && (!!flags.authorizationMode || anyOf(flags, 'authorizationWebhook')),
    says: '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
  },
  {
    when: ({ authorizationMode: modes }) => new Set(modes).size !== (modes ?? []).length,
    says: ({ authorizationMode }) =>
      `authorization-mode ${JSON.stringify(authorizationMode)} has mode specified more than once`,
  },
  {
    when: (flags) => hasMode(flags, 'Webhook') && flags.authorizationWebhookConfigFile === undefined,
    says: "authorization-mode Webhook's authorization config file not passed",
  },
  {
    when: (flags) => flags.authorizationWebhookConfigFile !== undefined && !hasMode(flags, 'Webhook'),
    says: 'cannot specify --authorization-webhook-config-file without mode Webhook',
  },
  {
    when: ({ serviceAccountIssuer: issuers }) => new Set(issuers).size !== (issuers ?? []).length,
    says: 'service-account-issuer: an issuer is already specified',
  },
  {
    when: ({ serviceAccountJwksUri: uri }) => uri !== undefined && !uri.startsWith('https://'),
    says: ({ serviceAccountJwksUri }) =>
      `service-account-jwks-uri requires https scheme, parsed as: ${serviceAccountJwksUri}`,
  },
  {
    when: (flags) => anyOf(flags, 'requestheader') && flags.requestheaderClientCaFile === undefined,
    says: '--requestheader-* flags need --requestheader-client-ca-file, which says whose headers are believed',
  },
  {
    when: ({ requestheaderUidHeaders: headers }) =>
      headers !== undefined && !headers.some((header) => header.toLowerCase() === 'x-remote-uid'),
    says: '--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work',
  },
  {
    when: (flags) => anyOf(flags, 'auditLog', 'auditWebhook') && flags.auditPolicyFile === undefined,
    says: '--audit-log-* and --audit-webhook-* need --audit-policy-file: without a policy nothing is recorded',
  },
  {
    when: (flags) => flags.auditPolicyFile !== undefined && !flags.auditLogPath && !flags.auditWebhookConfigFile,
    says: '--audit-policy-file needs --audit-log-path or --audit-webhook-config-file, which say where to',
  },
]

/** Throws an OptionError with the first sentence that applies. */
export function refuseConflicts(flags: ApiServerFlags): void {
  const found = conflicts.find(({ when }) => when(flags))
  if (found) throw new OptionError(typeof found.says === 'string' ? found.says : found.says(flags))
}

/** Whether a flag is given whose name begins so. */
function anyOf(flags: ApiServerFlags, ...prefixes: readonly string[]): boolean {
  const names = Object.keys(apiServerFlags) as (keyof ApiServerFlags)[]
  return names.some((name) => flags[name] !== undefined && prefixes.some((prefix) => name.startsWith(prefix)))
}

function hasMode({ authorizationMode = [] }: ApiServerFlags, mode: AuthorizerType): boolean {
  return authorizationMode.includes(mode)
}
