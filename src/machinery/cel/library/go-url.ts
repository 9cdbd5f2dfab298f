/** URLs as Go's net/url reads them, with its messages. After Go 1.25 net/url. */

export interface Url {
  /** In lower case. */
  readonly scheme: string
  /** With port. */
  readonly host: string
  /** As it was written. */
  readonly path: string
  readonly query: string
  /** The whole, written again. */
  readonly text: string
}

class UrlFailure extends Error {}

/** An absolute URL or path, as OpenAPI's format `uri` wants it; or Go's message. A fragment belongs to the path. */
export function parseRequestUri(text: string): Url | string {
  return guarded(text, () => parse(text, true))
}

/** Any URL, its fragment cut off; or Go's message. */
export function parseUrl(text: string): Url | string {
  return guarded(text, () => {
    const hash = text.indexOf('#')
    const url = parse(hash < 0 ? text : text.slice(0, hash), false)
    return hash < 0 ? url : { ...url, text: url.text + text.slice(hash) }
  })
}

function guarded(text: string, read: () => Url): Url | string {
  try {
    return read()
  } catch (err) {
    if (!(err instanceof UrlFailure)) throw err
    return `parse ${JSON.stringify(text)}: ${err.message}`
  }
}

function parse(text: string, viaRequest: boolean): Url {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) throw new UrlFailure('net/url: invalid control character in URL')
  if (text === '' && viaRequest) throw new UrlFailure('empty url')
  if (text === '*') return { scheme: '', host: '', path: '*', query: '', text }
  const { scheme, rest: afterScheme } = cutScheme(text)
  const question = afterScheme.indexOf('?')
  const query = question < 0 ? '' : afterScheme.slice(question + 1)
  const rest = question < 0 ? afterScheme : afterScheme.slice(0, question)
  const written = `${scheme === '' ? '' : `${scheme}:`}${afterScheme}`
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, host: '', path: '', query, text: written }
    if (viaRequest) throw new UrlFailure('invalid URI for request')
    if (rest.split('/')[0]!.includes(':')) throw new UrlFailure('first path segment in URL cannot contain colon')
  }
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || (!viaRequest && !rest.startsWith('///')))
  const slash = hasAuthority ? rest.indexOf('/', 2) : 0
  const authority = hasAuthority ? rest.slice(2, slash < 0 ? undefined : slash) : ''
  const path = hasAuthority ? (slash < 0 ? '' : rest.slice(slash)) : rest
  const host = parseAuthority(authority)
  checkEscapes(path)
  return { scheme, host, path, query, text: written }
}

function cutScheme(text: string): { scheme: string; rest: string } {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)
  if (match !== null) return { scheme: match[1]!.toLowerCase(), rest: text.slice(match[0].length) }
  if (text.startsWith(':')) throw new UrlFailure('missing protocol scheme')
  return { scheme: '', rest: text }
}

function parseAuthority(authority: string): string {
  const at = authority.lastIndexOf('@')
  if (at >= 0) {
    const user = authority.slice(0, at)
    if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new UrlFailure('net/url: invalid userinfo')
    checkEscapes(user)
  }
  return parseHost(authority.slice(at + 1))
}

function parseHost(host: string): string {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']')
    if (end < 0) throw new UrlFailure("missing ']' in host")
    checkPort(host.slice(end + 1))
  } else {
    const colon = host.lastIndexOf(':')
    if (colon >= 0) checkPort(host.slice(colon))
  }
  const wrongEscape = /%(?![89A-Fa-f][0-9A-Fa-f])(?!25)[^%]{0,2}/.exec(host)
  if (wrongEscape !== null) throw new UrlFailure(`invalid URL escape ${JSON.stringify(wrongEscape[0])}`)
  const wrong = /[ <>"\\^`{}|/?#@]/.exec(host.replaceAll(/[<>"]/g, ''))
  if (wrong !== null) throw new UrlFailure(`invalid character ${JSON.stringify(wrong[0])} in host name`)
  return host
}

function checkPort(port: string): void {
  if (port !== '' && !/^:[0-9]*$/.test(port)) throw new UrlFailure(`invalid port ${JSON.stringify(port)} after host`)
}

function checkEscapes(text: string): void {
  const wrong = /%(?![0-9A-Fa-f]{2})[\s\S]{0,2}/.exec(text)
  if (wrong !== null) throw new UrlFailure(`invalid URL escape ${JSON.stringify(wrong[0])}`)
}

/** Without port and brackets. */
export function hostnameOf({ host }: Url): string {
  const withoutPort = /^(.*):[0-9]*$/.exec(host)?.[1] ?? host
  return /^\[(.*)\]$/.exec(withoutPort)?.[1] ?? withoutPort
}

export function portOf({ host }: Url): string {
  return /:([0-9]+)$/.exec(host)?.[1] ?? ''
}

/** The path as written if every character of it may stand there, else with all escaped that has to be. */
export function escapedPathOf({ path }: Url): string {
  if (/^[A-Za-z0-9\-_.~!$&'()*+,;=:@[\]%/]*$/.test(path)) return path
  return encodeURI(decodeURIComponent(path)).replaceAll(/[!'()*?#]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  })
}

/** Values by name, in the order they were written; pairs that cannot be decoded are left out. */
export function queryValuesOf({ query }: Url): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const equals = pair.indexOf('=')
    const name = unescapeQuery(equals < 0 ? pair : pair.slice(0, equals))
    const value = unescapeQuery(equals < 0 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) continue
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return values
}

function unescapeQuery(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  const bytes = text
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9A-Fa-f]{2})|[\s\S]/gu, (part, hex) =>
      hex === undefined ? Buffer.from(part).toString('latin1') : String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
