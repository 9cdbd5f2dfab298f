import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import type { ConnectionInfo } from '../request.ts'
import { isSignedBy } from './certificate-authorities.ts'

/**
 * Who is at the other end of a TLS connection, as far as the handshake has told. It also let those pass that only an
 * authority of proxies has signed: as a client's, such a certificate is not trusted.
 */
export function connectionInfo(
  socket: TLSSocket,
  transport: 'h1' | 'h2',
  clientAuthorities: readonly X509Certificate[],
): ConnectionInfo {
  const remoteAddress = socket.remoteAddress ?? ''
  const certificate = socket.getPeerX509Certificate?.()
  if (!certificate) return { transport, remoteAddress }
  if (socket.authorized && isSignedBy(clientAuthorities, certificate)) {
    return { transport, remoteAddress, clientCertificate: certificate.raw }
  }
  const clientCertificateError = socket.authorized
    ? 'x509: certificate signed by unknown authority'
    : String(socket.authorizationError ?? 'the certificate is not trusted')
  return { transport, remoteAddress, clientCertificateError, untrustedCertificate: certificate.raw }
}
