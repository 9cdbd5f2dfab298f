import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { pemBlocks } from './pem.ts'

/** A piece of DER: its tag, its contents, and itself with both. */
interface Der {
  readonly tag: number
  readonly contents: Buffer
  readonly whole: Buffer
}

const sequence = 0x30
const bitString = 0x03
const objectId = 0x06

/** Object ids in hexadecimal, and the hash that each signs; Ed25519 has its own. */
const hashes: Readonly<Record<string, string | null>> = {
  '2a864886f70d010105': 'sha1',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
}

/**
 * Why a text is no PKCS#10 request signed with its own key; `undefined` when it is one. After pkg/apis/certificates
 * ParseCSR and crypto/x509 CheckSignature. Read by hand: validation cannot wait for a library to load.
 */
export function certificateRequestError(pem: string): string | undefined {
  const [first] = pemBlocks(pem)
  if (first?.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  try {
    return signatureError(first.bytes)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return error.message
  }
}

class DerError extends Error {}

/** CertificationRequest ::= SEQUENCE { info { version, subject, key, attributes }, algorithm, signature } */
function signatureError(der: Buffer): string | undefined {
  const request = readOne(der, sequence)
  if (request.whole.length < der.length) return 'x509: trailing data'
  const [info, algorithm, signature] = readAll(request.contents)
  if (!info || !algorithm || signature?.tag !== bitString)
    throw new DerError('asn1: structure error: sequence truncated')
  const key = publicKeyOf(readAll(info.contents)[2])
  const id = readOne(algorithm.contents, objectId).contents.toString('hex')
  const hash = hashes[id]
  if (hash === undefined) return 'x509: cannot verify signature: algorithm unimplemented'
  // The first byte of a bit string says how many bits of its last are unused.
  if (verify(hash, info.whole, key, signature.contents.subarray(1))) return undefined
  return verificationFailure(key)
}

function publicKeyOf(info: Der | undefined): KeyObject {
  if (!info) throw new DerError('asn1: structure error: sequence truncated')
  try {
    return createPublicKey({ key: info.whole, format: 'der', type: 'spki' })
  } catch (error) {
    throw new DerError('x509: invalid public key', { cause: error })
  }
}

function verificationFailure({ asymmetricKeyType }: KeyObject): string {
  if (asymmetricKeyType === 'rsa') return 'crypto/rsa: verification error'
  return `x509: ${asymmetricKeyType === 'ed25519' ? 'Ed25519' : 'ECDSA'} verification failure`
}

function readAll(bytes: Buffer): Der[] {
  const found: Der[] = []
  for (let rest = bytes; rest.length > 0; ) {
    const next = read(rest)
    found.push(next)
    rest = rest.subarray(next.whole.length)
  }
  return found
}

function readOne(bytes: Buffer, tag: number): Der {
  const der = read(bytes)
  if (der.tag !== tag) throw new DerError("asn1: structure error: tags don't match")
  return der
}

function read(bytes: Buffer): Der {
  const [tag, short] = bytes
  if (tag === undefined || short === undefined) throw new DerError('asn1: syntax error: truncated tag or length')
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f
  // Four bytes of length are more than any body of a request may have.
  if (lengthBytes > 4) throw new DerError('asn1: structure error: length too large')
  if (bytes.length < 2 + lengthBytes) throw new DerError('asn1: syntax error: truncated tag or length')
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes)
  const start = 2 + lengthBytes
  if (bytes.length < start + length) throw new DerError('asn1: syntax error: data truncated')
  return { tag, contents: bytes.subarray(start, start + length), whole: bytes.subarray(0, start + length) }
}
