import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type PemBlock, pemBlocks } from '../validation/pem.ts'

/** Whether a certificate and a key belong together, in the words of Go's crypto/tls X509KeyPair. */

type SecretData = Readonly<Record<string, string>>

const textOf = (data: SecretData, key: string) => Buffer.from(data[key] ?? '', 'base64').toString('latin1')

/** What is wrong with the pair of a Secret of type `kubernetes.io/tls`; upstream lets it in all the same. */
export function keyPairWarnings(data: SecretData): string[] {
  const problem = keyPairProblem(textOf(data, 'tls.crt'), textOf(data, 'tls.key'))
  return problem === undefined ? [] : [`tls: ${problem}`]
}

function keyPairProblem(certificateText: string, keyText: string): string | undefined {
  const certificates = pemBlocks(certificateText)
  const certificate = certificates.find(({ type }) => type === 'CERTIFICATE')
  if (!certificate) return missingCertificate(certificates)
  const keys = pemBlocks(keyText)
  const key = keys.find(({ type }) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))
  if (!key) return missingKey(keys)
  const parsedKey = parseKey(key)
  if (!parsedKey) return 'failed to parse private key'
  const parsed = parseCertificate(certificate)
  return parsed && !parsed.checkPrivateKey(parsedKey) ? mismatch(parsed, parsedKey) : undefined
}

function missingCertificate(blocks: readonly PemBlock[]): string {
  const input = 'certificate input'
  if (blocks.length === 0) return `failed to find any PEM data in ${input}`
  if (blocks.length === 1 && blocks[0]!.type.endsWith('PRIVATE KEY')) {
    return `failed to find certificate PEM data in ${input}, but did find a private key; PEM inputs may have been switched`
  }
  return `failed to find "CERTIFICATE" PEM block in ${input} after ${skipped(blocks)}`
}

function missingKey(blocks: readonly PemBlock[]): string {
  if (blocks.length === 0) return 'failed to find any PEM data in key input'
  if (blocks.length === 1 && blocks[0]!.type === 'CERTIFICATE')
    return 'found a certificate rather than a key in the PEM for the private key'
  return `failed to find PEM block with type ending in "PRIVATE KEY" in key input after ${skipped(blocks)}`
}

const skipped = (blocks: readonly PemBlock[]) =>
  `skipping PEM blocks of the following types: [${blocks.map(({ type }) => type).join(' ')}]`

function mismatch({ publicKey }: X509Certificate, key: KeyObject): string {
  const isSameType = publicKey.asymmetricKeyType === key.asymmetricKeyType
  return `private key ${isSameType ? '' : 'type '}does not match public key${isSameType ? '' : ' type'}`
}

/** `undefined` for what OpenSSL cannot read either. */
function parseKey({ type, bytes }: PemBlock): KeyObject | undefined {
  const forms = type === 'EC PRIVATE KEY' ? (['sec1'] as const) : (['pkcs8', 'pkcs1', 'sec1'] as const)
  for (const form of forms) {
    try {
      return createPrivateKey({ key: bytes, format: 'der', type: form })
    } catch (error) {
      if (!isCryptoError(error)) throw error
    }
  }
  return undefined
}

function parseCertificate({ bytes }: PemBlock): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch (error) {
    if (!isCryptoError(error)) throw error
    return undefined
  }
}

/** OpenSSL's complaints about its input carry a code of theirs. */
function isCryptoError(error: unknown): boolean {
  return error instanceof Error && /^ERR_(OSSL|CRYPTO)/.test((error as NodeJS.ErrnoException).code ?? '')
}
