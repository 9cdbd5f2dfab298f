import { isIP } from 'node:net'

/** What Node's network and TLS errors carry beside the message. */
interface ConnectionError extends Error {
  readonly code?: string
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
  readonly host?: string
  readonly cert?: { readonly subjectaltname?: string; readonly valid_from?: string; readonly valid_to?: string }
}

/** Upstream's word for a call that took longer than it may. */
export const deadlineExceeded = 'context deadline exceeded'

const x509 = 'tls: failed to verify certificate: x509:'

const unknownAuthority = () => `${x509} certificate signed by unknown authority`
const ended = () => 'EOF'

const words: Readonly<Record<string, (error: ConnectionError) => string>> = {
  ECONNREFUSED: (error) => `${dial(error)}: connect: connection refused`,
  EHOSTUNREACH: (error) => `${dial(error)}: connect: no route to host`,
  ENETUNREACH: (error) => `${dial(error)}: connect: network is unreachable`,
  ETIMEDOUT: (error) => `${dial(error)}: connect: connection timed out`,
  ENOTFOUND: ({ hostname = '' }) => `dial tcp: lookup ${hostname}: no such host`,
  EAI_AGAIN: ({ hostname = '' }) => `dial tcp: lookup ${hostname}: server misbehaving`,
  ECONNRESET: ended,
  EPIPE: ended,
  EPROTO: () => 'http: server gave HTTP response to HTTPS client',
  ERR_SSL_WRONG_VERSION_NUMBER: () => 'http: server gave HTTP response to HTTPS client',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: () => 'http: server gave HTTP response to HTTPS client',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: () => `${x509} certificate has expired or is not yet valid`,
  CERT_NOT_YET_VALID: () => `${x509} certificate has expired or is not yet valid`,
  ERR_TLS_CERT_ALTNAME_INVALID: wrongName,
}

/** Why a connection failed, in the words of Go's network library, which users search for. */
export function connectionErrorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const known = error as ConnectionError
  const describe = known.code === undefined ? undefined : words[known.code]
  return describe ? describe(known) : error.message
}

function dial({ address = '', port = 0 }: ConnectionError): string {
  return `dial tcp ${isIP(address) === 6 ? `[${address}]` : address}:${port}`
}

function wrongName({ host = '', cert }: ConnectionError): string {
  const names = (cert?.subjectaltname ?? '').split(', ').map((entry) => entry.replace(/^(DNS|IP Address):/, ''))
  if (names.length === 1 && names[0] === '') {
    return `${x509} certificate relies on legacy Common Name field, use SANs instead`
  }
  return `${x509} certificate is valid for ${names.join(', ')}, not ${host}`
}
