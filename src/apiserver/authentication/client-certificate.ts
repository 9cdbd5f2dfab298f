import { createHash, X509Certificate } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import type { ConnectionInfo, RequestContext, UserInfo } from '../request.ts'
import { AuthenticationError, type Authenticator, credentialIdKey } from './authenticator.ts'

/** Kubernetes' own attribute of a subject. After kubernetes apimachinery util/asn1 X509UID. */
const uidAttribute = '1.3.6.1.4.1.57683.2'

interface CertificateUser {
  readonly user: UserInfo | undefined
  readonly notAfterMs: number
}

/**
 * The user named in a client certificate that TLS has verified: common name and organizations. A connection is read
 * once; the end of validity is looked at with every request, as connections can outlive it.
 * After apiserver authentication/request/x509 CommonNameUserConversion v1.36.
 */
export function clientCertificateAuthenticator(clock: Clock): Authenticator {
  const users = new WeakMap<ConnectionInfo, CertificateUser>()
  return {
    authenticate({ connection }: RequestContext) {
      const { clientCertificate, clientCertificateError } = connection
      if (clientCertificateError)
        throw new AuthenticationError(`verifying certificate failed: ${clientCertificateError}`)
      if (!clientCertificate) return undefined
      let known = users.get(connection)
      if (!known) {
        known = readCertificate(clientCertificate)
        users.set(connection, known)
      }
      if (clock.nowMs() > known.notAfterMs) throw new AuthenticationError('certificate has expired')
      return known.user
    },
  }
}

/** Undefined user: the certificate has no common name, and so says nothing. */
export function readCertificate(der: Uint8Array): CertificateUser {
  const certificate = new X509Certificate(der)
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>
  const [name] = listOf(subject.CN)
  const notAfterMs = certificate.validToDate.getTime()
  if (!name) return { user: undefined, notAfterMs }
  const uid = uidOf(listOf(subject[uidAttribute]))
  const fingerprint = createHash('sha256').update(der).digest('hex')
  const extra = { [credentialIdKey]: [`X509SHA256=${fingerprint}`] }
  return { user: { name, groups: listOf(subject.O), extra, ...(uid !== undefined && { uid }) }, notAfterMs }
}

function uidOf(uids: readonly string[]): string | undefined {
  if (uids.length > 1) throw new AuthenticationError(`expected 1 UID, but found multiple: [${uids.join(' ')}]`)
  if (uids[0] === '') throw new AuthenticationError('UID cannot be an empty string')
  return uids[0]
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}
