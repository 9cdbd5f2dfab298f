import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

export interface VerificationKey {
  readonly id: string
  readonly algorithm: SigningAlgorithm
  readonly publicKey: KeyObject
}

export interface SigningKey extends VerificationKey {
  readonly privateKey: KeyObject
}

export type SigningAlgorithm = 'RS256' | 'ES256' | 'ES384' | 'ES512'

const algorithmOfCurve: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/** The key that signs service account tokens, from PEM. Throws for a key that is neither RSA nor ECDSA. */
export function signingKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem)
  return { ...describe(createPublicKey(privateKey)), privateKey }
}

/** A key that tokens are checked with, from the PEM of a public or a private key. */
export function verificationKey(pem: string): VerificationKey {
  return describe(createPublicKey(pem))
}

/** The id is a digest of the key, as upstream makes it. After kubernetes pkg/serviceaccount/jwt.go keyIDFromPublicKey. */
function describe(publicKey: KeyObject): VerificationKey {
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { id, algorithm: algorithmOf(publicKey), publicKey }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningAlgorithm {
  if (asymmetricKeyType === 'rsa') return 'RS256'
  const algorithm = algorithmOfCurve[asymmetricKeyDetails?.namedCurve ?? '']
  if (asymmetricKeyType === 'ec' && algorithm) return algorithm
  throw new Error('service account keys must be RSA, or ECDSA on curve P-256, P-384 or P-521')
}
