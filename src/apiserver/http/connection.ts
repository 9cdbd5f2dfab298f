import type { TLSSocket } from 'node:tls'
import type { ConnectionInfo } from '../request.ts'

/** Who is at the other end of a TLS connection, as far as the handshake has told. */
export function connectionInfo(socket: TLSSocket, transport: 'h1' | 'h2'): ConnectionInfo {
  const remoteAddress = socket.remoteAddress ?? ''
  const certificate = socket.getPeerX509Certificate?.()
  if (!certificate) return { transport, remoteAddress }
  if (socket.authorized) return { transport, remoteAddress, clientCertificate: certificate.raw }
  const clientCertificateError = String(socket.authorizationError ?? 'the certificate is not trusted')
  return { transport, remoteAddress, clientCertificateError, untrustedCertificate: certificate.raw }
}
