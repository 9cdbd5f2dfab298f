import type { Answer, RequestContext } from '../request.ts'
import type { VerificationKey } from './service-account-keys.ts'

/** How long others may keep the keys. After kubernetes pkg/routes/openidmetadata.go. */
const cacheControl = 'public, max-age=3600'

const configurationPath = '/.well-known/openid-configuration'
const keysPath = '/openid/v1/jwks'

export interface OpenIdOptions {
  readonly issuer: string
  readonly keys: readonly VerificationKey[]
  /** This server's: `https://host:port`. */
  readonly externalUrl: () => string
  /** Where others find the keys, if not at this server. */
  readonly keySetUrl?: string | undefined
}

/** Answers what others need to check service account tokens by themselves; undefined for other paths. */
export function createOpenId({
  issuer,
  keys,
  externalUrl,
  keySetUrl,
}: OpenIdOptions): (context: RequestContext) => Answer | undefined {
  const keySet = JSON.stringify({
    keys: keys.map(({ id, algorithm, publicKey }) => {
      const { kty, ...parameters } = publicKey.export({ format: 'jwk' })
      return { use: 'sig', kty, kid: id, alg: algorithm, ...parameters }
    }),
  })
  const configuration = () => ({
    issuer,
    jwks_uri: keySetUrl ?? `${externalUrl()}${keysPath}`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm))].sort(),
  })
  return ({ info }) => {
    if (info.path === configurationPath) return document('application/json', JSON.stringify(configuration()))
    if (info.path === keysPath) return document('application/jwk-set+json', keySet)
    return undefined
  }
}

function document(contentType: string, body: string): Answer {
  return { kind: 'bytes', status: 200, headers: { 'content-type': contentType, 'cache-control': cacheControl }, body }
}
