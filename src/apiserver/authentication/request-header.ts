import { X509Certificate } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { certificatesOf, isSignedBy } from '../http/certificate-authorities.ts'
import type { ConnectionInfo, Headers, RequestContext, UserInfo } from '../request.ts'
import { AuthenticationError, type Authenticator } from './authenticator.ts'
import { decodeExtraKey } from './extra-key.ts'

/** Upstream's --requestheader-… flags. */
export interface RequestHeaderOptions {
  /** Signs the certificates of proxies that may speak for others. PEM, one or more. */
  readonly certificateAuthority: string
  /** Common names of such proxies; any of the authority's if empty. */
  readonly allowedNames: readonly string[]
  readonly usernameHeaders: readonly string[]
  readonly uidHeaders: readonly string[]
  readonly groupHeaders: readonly string[]
  readonly extraHeaderPrefixes: readonly string[]
}

/** Upstream's names of the headers, and the proxy of this cluster. */
export const defaultRequestHeaders: Omit<RequestHeaderOptions, 'certificateAuthority'> = {
  allowedNames: ['front-proxy-client'],
  usernameHeaders: ['X-Remote-User'],
  uidHeaders: [],
  groupHeaders: ['X-Remote-Group'],
  extraHeaderPrefixes: ['X-Remote-Extra-'],
}

const clientAuthentication = '1.3.6.1.5.5.7.3.2'
const anyUsage = '2.5.29.37.0'

/**
 * Who asks, as a proxy says in headers: another server in front of this one, known by a certificate of an authority of
 * its own. After apiserver authentication/request/headerrequest v1.36.
 */
export function requestHeaderAuthenticator(options: RequestHeaderOptions, clock: Clock): Authenticator {
  const authorities = certificatesOf(options.certificateAuthority)
  const proxies = new WeakMap<ConnectionInfo, X509Certificate | null>()
  return {
    authenticate({ connection, headers }: RequestContext) {
      const shown = connection.clientCertificate ?? connection.untrustedCertificate
      if (!shown) return undefined
      let proxy = proxies.get(connection)
      if (proxy === undefined) {
        proxy = signedBy(authorities, new X509Certificate(shown))
        proxies.set(connection, proxy)
      }
      if (!proxy || !isValidAt(proxy, clock.nowMs())) return undefined
      requireAllowedName(proxy, options.allowedNames)
      return userOf(headers, options)
    },
  }
}

/** The certificate, if one of the authorities has signed it and it is a client's. */
function signedBy(authorities: readonly X509Certificate[], certificate: X509Certificate): X509Certificate | null {
  const usages = certificate.keyUsage as readonly string[] | undefined
  const isClient = usages?.some((usage) => usage === clientAuthentication || usage === anyUsage) ?? true
  return isClient && isSignedBy(authorities, certificate) ? certificate : null
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime()
}

function requireAllowedName(certificate: X509Certificate, allowed: readonly string[]): void {
  const { CN } = certificate.toLegacyObject().subject as unknown as { CN?: string | string[] }
  const [name = ''] = [CN ?? []].flat()
  if (allowed.length === 0 || allowed.includes(name)) return
  throw new AuthenticationError(`x509: subject with cn=${name} is not in the allowed list`)
}

/** Undefined: the proxy names nobody, and so speaks for itself. */
function userOf(headers: Headers, options: RequestHeaderOptions): UserInfo | undefined {
  const first = (names: readonly string[]) => names.map((name) => headers.all(name)[0]).find(Boolean)
  const name = first(options.usernameHeaders)
  if (!name) return undefined
  const uid = first(options.uidHeaders)
  const groups = options.groupHeaders.flatMap((header) => headers.all(header)).filter((group) => group !== '')
  return { name, groups, extra: extraOf(headers, options.extraHeaderPrefixes), ...(uid && { uid }) }
}

function extraOf(headers: Headers, prefixes: readonly string[]): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const prefix of prefixes.map((text) => text.toLowerCase())) {
    for (const header of headers.names()) {
      if (!header.startsWith(prefix)) continue
      const key = decodeExtraKey(header.slice(prefix.length))
      extra[key] = [...(extra[key] ?? []), ...headers.all(header)]
    }
  }
  return extra
}
