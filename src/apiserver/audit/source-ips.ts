import { isIP } from 'node:net'
import type { RequestContext } from '../request.ts'

/**
 * The addresses a request came by: those that proxies tell of, then the one at the other end of the connection. After
 * apimachinery util/net SourceIPs v1.36.
 */
export function sourceIps({ headers, connection }: RequestContext): string[] {
  const forwarded = headers.all('x-forwarded-for').flatMap((value) => value.split(','))
  const ips = forwarded.map((text) => text.trim()).filter((text) => isIP(text) !== 0)
  const real = (headers.get('x-real-ip') ?? '').trim()
  if (isIP(real) !== 0 && !ips.includes(real)) ips.push(real)
  const remote = connection.remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
  if (isIP(remote) !== 0 && ips.at(-1) !== remote) ips.push(remote)
  return ips
}
