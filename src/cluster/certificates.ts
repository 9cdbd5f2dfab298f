import type { webcrypto } from 'node:crypto'
import { createPrivateKey, X509Certificate as NodeCertificate } from 'node:crypto'
import type { Clock } from '../platform/clock.ts'

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export interface CertificateRequest {
  readonly commonName: string
  /** Groups, for client certificates. */
  readonly organizations?: readonly string[]
  /** DNS names and IP addresses a server certificate is good for. */
  readonly names?: readonly string[]
  readonly usage: 'client' | 'server' | 'both'
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 24 * 60 * 60 * 1000
const authorityDays = 3650
const leafDays = 365
/** Certificates with less than this to live are made anew at start. */
const renewBeforeMs = 90 * dayMs
/** Clocks differ: a certificate is valid from a little before it was made. */
const backdateMs = 5 * 60 * 1000

/**
 * Signs certificates with one authority. Loading the X.509 library costs some 50 ms, so it is loaded only when a
 * certificate has to be made, which is at the first start and once a year.
 */
export class CertificateAuthority {
  readonly pair: KeyPair
  readonly #clock: Clock

  constructor(pair: KeyPair, clock: Clock) {
    this.pair = pair
    this.#clock = clock
  }

  /** A new self-signed authority, good for ten years. */
  static async create(commonName: string, clock: Clock): Promise<CertificateAuthority> {
    const x509 = await loadX509()
    const keys = await generateKeys()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: randomSerial(),
      name: [{ CN: [commonName] }],
      ...validity(clock, authorityDays),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: commonName }]),
      ],
    })
    return new CertificateAuthority({ certificate: pem(certificate), key: await exportKey(keys.privateKey) }, clock)
  }

  /** A certificate for a new key pair, good for a year. */
  async issue(request: CertificateRequest): Promise<KeyPair> {
    const keys = await generateKeys()
    return { certificate: await this.sign(request, keys.publicKey), key: await exportKey(keys.privateKey) }
  }

  /** A certificate for somebody's public key, as PEM. */
  async sign(request: CertificateRequest, publicKey: webcrypto.CryptoKey, days = leafDays): Promise<string> {
    const x509 = await loadX509()
    const authority = new x509.X509Certificate(this.pair.certificate)
    const { signingKey, signingAlgorithm } = importKey(this.pair.key)
    const usages = { client: [x509.ExtendedKeyUsage.clientAuth], server: [x509.ExtendedKeyUsage.serverAuth] }
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: [...(request.organizations ?? []).map((name) => ({ O: [name] })), { CN: [request.commonName] }],
      issuer: authority.subject,
      ...validity(this.#clock, days),
      signingAlgorithm,
      signingKey,
      publicKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension(
          request.usage === 'both' ? [...usages.server, ...usages.client] : usages[request.usage],
        ),
        await x509.AuthorityKeyIdentifierExtension.create(authority),
        ...(request.names?.length
          ? [new x509.SubjectAlternativeNameExtension(request.names.map(alternativeName))]
          : []),
      ],
    })
    return pem(certificate)
  }
}

/** Whether a certificate still has three months to live and is good for all these names. */
export function isFresh(certificate: string, names: readonly string[], nowMs: number): boolean {
  const parsed = new NodeCertificate(certificate)
  if (parsed.validToDate.getTime() - nowMs < renewBeforeMs) return false
  const covered = new Set(
    (parsed.subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^(DNS|IP Address):/, '')),
  )
  return names.every((name) => covered.has(canonicalName(name)))
}

/** A new ECDSA key pair as PEM, for signing service account tokens. */
export async function generateSigningKey(): Promise<{ privateKey: string; publicKey: string }> {
  const keys = await generateKeys()
  const spki = Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey))
  return { privateKey: await exportKey(keys.privateKey), publicKey: pemBlock('PUBLIC KEY', spki) }
}

async function loadX509() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return pemBlock('PRIVATE KEY', Buffer.from(await crypto.subtle.exportKey('pkcs8', key)))
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** An authority's key in any of the forms of PEM. Those of other clusters may be RSA: kubeadm's are. */
function importKey(key: string): { signingKey: webcrypto.CryptoKey; signingAlgorithm: SigningAlgorithm } {
  const imported = createPrivateKey(key)
  const signingAlgorithm: SigningAlgorithm =
    imported.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { ...algorithm, namedCurve: curves[imported.asymmetricKeyDetails?.namedCurve ?? ''] ?? algorithm.namedCurve }
  return { signingKey: imported.toCryptoKey(signingAlgorithm, false, ['sign']), signingAlgorithm }
}

type SigningAlgorithm =
  | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: string }
  | { readonly name: 'ECDSA'; readonly hash: string; readonly namedCurve: string }

function pem(certificate: { toString(format: 'pem'): string }): string {
  return `${certificate.toString('pem').trim()}\n`
}

function pemBlock(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** 16 random bytes in hexadecimal with the top bit clear, since serial numbers are positive. */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[0] = (bytes[0]! & 0x7f) | 0x01
  return Buffer.from(bytes).toString('hex')
}

function validity(clock: Clock, days: number): { notBefore: Date; notAfter: Date } {
  const nowMs = clock.nowMs()
  return { notBefore: new Date(nowMs - backdateMs), notAfter: new Date(nowMs + days * dayMs) }
}

function isAddress(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(':')
}

function alternativeName(value: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isAddress(value) ? 'ip' : 'dns', value }
}

/** Node prints IPv6 addresses of certificates written out: `0:0:0:0:0:0:0:1`. */
function canonicalName(name: string): string {
  if (!name.includes(':')) return name
  const [head = '', tail] = name.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...middle, ...right].map((part) => Number.parseInt(part, 16).toString(16).toUpperCase()).join(':')
}
