import type { RequestHeaderOptions } from '../authentication/request-header.ts'
import type { UserInfo } from '../request.ts'

export const remoteUser = 'x-remote-user'
export const remoteUid = 'x-remote-uid'
export const remoteGroup = 'x-remote-group'
export const remoteExtraPrefix = 'x-remote-extra-'

/** What may stand in the name of a header besides letters and digits. RFC 9110, section 5.6.2, without `%`. */
const headerNameByte = /[!#$&'*+\-.^_`|~0-9A-Za-z]/

/**
 * Says to another server who asks, name and value in turn. It is believed because of our client certificate.
 * After client-go transport SetAuthProxyHeaders v1.36.
 */
export function frontProxyHeaders({ name, uid, groups, extra }: UserInfo): string[] {
  const headers = ['X-Remote-User', name]
  if (uid) headers.push('X-Remote-Uid', uid)
  for (const group of groups) headers.push('X-Remote-Group', group)
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) headers.push(`X-Remote-Extra-${escapeHeaderKey(key)}`, value)
  }
  return headers
}

/** Whether a header, by its name in lower case, claims an identity. */
export type IsIdentityHeader = (name: string) => boolean

/**
 * Those of clients are never passed on: neither upstream's, nor the ones that this cluster's servers are told to
 * believe. After apiserver endpoints/filters/authentication.go ClearAuthenticationHeaders v1.36.
 */
export function identityHeaders(believed: RequestHeaderOptions | undefined): IsIdentityHeader {
  const { usernameHeaders = [], uidHeaders = [], groupHeaders = [], extraHeaderPrefixes = [] } = believed ?? {}
  const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase())
  const names = new Set([remoteUser, remoteUid, remoteGroup])
  for (const name of lower([...usernameHeaders, ...uidHeaders, ...groupHeaders])) names.add(name)
  const prefixes = [remoteExtraPrefix, ...lower(extraHeaderPrefixes)]
  return (name) => names.has(name) || prefixes.some((prefix) => name.startsWith(prefix))
}

function escapeHeaderKey(key: string): string {
  return [...Buffer.from(key)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return headerNameByte.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}
