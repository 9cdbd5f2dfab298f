import type { Clock } from '../../platform/clock.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { Authenticator, TokenAuthenticator } from './authenticator.ts'
import { bearerTokenAuthenticator, tokenUnion } from './bearer-token.ts'
import { bootstrapTokenAuthenticator } from './bootstrap-token.ts'
import { clientCertificateAuthenticator } from './client-certificate.ts'
import { type SigningKey, signingKey, type VerificationKey, verificationKey } from './service-account-keys.ts'
import { serviceAccountTokenAuthenticator } from './service-account-token.ts'
import { tokenFileAuthenticator } from './token-file.ts'

export interface CredentialOptions {
  readonly reader: ObjectReader
  readonly clock: Clock
  readonly issuer: string
  /** PEM. */
  readonly serviceAccountKey: { readonly privateKey: string }
  /** Public keys of tokens from before, PEM. */
  readonly oldServiceAccountKeys?: readonly string[]
  /** Upstream's token file, its text. */
  readonly staticTokens?: string
}

/** All ways in which a request can show who sends it. */
export interface Credentials {
  readonly authenticators: readonly Authenticator[]
  readonly tokens: TokenAuthenticator
  readonly signingKey: SigningKey
  readonly keys: readonly VerificationKey[]
  /** Tokens for these are tokens for this server. */
  readonly audiences: readonly string[]
}

/** In upstream's order: certificate, then token file, service account and bootstrap tokens. */
export function createCredentials(options: CredentialOptions): Credentials {
  const { reader, clock, issuer, staticTokens, serviceAccountKey, oldServiceAccountKeys = [] } = options
  const key = signingKey(serviceAccountKey.privateKey)
  const keys = [key, ...oldServiceAccountKeys.map(verificationKey)]
  const audiences = [issuer]
  const tokens = tokenUnion([
    ...(staticTokens === undefined ? [] : [tokenFileAuthenticator(staticTokens)]),
    serviceAccountTokenAuthenticator({ issuer, audiences, keys, reader, clock }),
    bootstrapTokenAuthenticator(reader, clock),
  ])
  const authenticators = [clientCertificateAuthenticator(clock), bearerTokenAuthenticator(tokens, audiences)]
  return { authenticators, tokens, signingKey: key, keys, audiences }
}
