import { ConfigurationError } from '../../configuration/configuration-file.ts'
import type { JwtConfiguration } from './configuration.ts'

/** Upstream's --oidc-… flags. */
export interface OidcFlags {
  readonly issuerUrl: string
  readonly clientId: string
  /** PEM. */
  readonly certificateAuthority?: string
  /** `sub` if not given. */
  readonly usernameClaim?: string
  /** `-`: none. If not given, the issuer's URL and `#`, for claims other than `email`. */
  readonly usernamePrefix?: string
  readonly groupsClaim?: string
  readonly groupsPrefix?: string
  readonly requiredClaims?: Readonly<Record<string, string>>
  readonly signingAlgorithms?: readonly string[]
}

/** After kubernetes pkg/kubeapiserver/options/authentication.go v1.36. Throws a ConfigurationError. */
export function jwtFromOidcFlags(flags: OidcFlags): JwtConfiguration {
  const { issuerUrl, clientId, certificateAuthority, groupsClaim, signingAlgorithms } = flags
  if (issuerUrl === '' || clientId === '') {
    throw new ConfigurationError(
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    )
  }
  if (!issuerUrl.startsWith('https://')) {
    throw new ConfigurationError(
      `jwt[0].issuer.url: Invalid value: ${JSON.stringify(issuerUrl)}: URL scheme must be https`,
    )
  }
  const { usernameClaim = 'sub' } = flags
  const claimRules = Object.entries(flags.requiredClaims ?? {}).map(([claim, requiredValue]) => ({
    claim,
    requiredValue,
  }))
  return {
    issuer: { url: issuerUrl, audiences: [clientId], ...(certificateAuthority && { certificateAuthority }) },
    username: { claim: usernameClaim, prefix: usernamePrefix(flags, usernameClaim) },
    ...(groupsClaim && { groups: { claim: groupsClaim, prefix: flags.groupsPrefix ?? '' } }),
    ...(signingAlgorithms && { algorithms: signingAlgorithms }),
    extra: [],
    claimRules,
    userRules: [],
  }
}

function usernamePrefix({ usernamePrefix: given, issuerUrl }: OidcFlags, claim: string): string {
  if (given === '-') return ''
  if (given) return given
  return claim === 'email' ? '' : `${issuerUrl}#`
}
