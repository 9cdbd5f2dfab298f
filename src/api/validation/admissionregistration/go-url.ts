/** A URL in the parts that Go's net/url takes it apart into, which differ from the browsers'. */
export interface GoUrl {
  readonly scheme: string
  /** Undefined: no `@` in the authority. */
  readonly user: string | undefined
  readonly host: string
  readonly query: string
  readonly fragment: string
}

class GoUrlError extends Error {}

/** The parts of a URL, or why it is none. After Go net/url Parse. */
export function parseGoUrl(text: string): GoUrl | { readonly error: string } {
  const [whole = '', fragment = ''] = cut(text, '#')
  try {
    return { ...parse(whole), fragment: unescapePath(fragment) }
  } catch (error) {
    if (!(error instanceof GoUrlError)) throw error
    return { error: `parse ${JSON.stringify(whole)}: ${error.message}` }
  }
}

function parse(text: string): Omit<GoUrl, 'fragment'> {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x1f\x7f]/.test(text)) throw new GoUrlError('net/url: invalid control character in URL')
  if (text.startsWith(':')) throw new GoUrlError('missing protocol scheme')
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? ''
  const [rest = '', query = ''] = cut(scheme === '' ? text : text.slice(scheme.length + 1), '?')
  const parts = { scheme: scheme.toLowerCase(), user: undefined, host: '', query }
  if (!rest.startsWith('/')) {
    if (scheme === '' && rest.split('/', 1)[0]!.includes(':')) {
      throw new GoUrlError('first path segment in URL cannot contain colon')
    }
    return parts
  }
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///'))) {
    unescapePath(rest)
    return parts
  }
  const [authority = '', path = ''] = cut(rest.slice(2), '/')
  unescapePath(path)
  return { ...parts, ...parseAuthority(authority) }
}

function parseAuthority(authority: string): { user: string | undefined; host: string } {
  const at = authority.lastIndexOf('@')
  const host = parseHost(authority.slice(at + 1))
  if (at < 0) return { user: undefined, host }
  const user = authority.slice(0, at)
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new GoUrlError('net/url: invalid userinfo')
  return { user, host }
}

function parseHost(host: string): string {
  const close = host.lastIndexOf(']')
  if (host.startsWith('[') && close < 0) throw new GoUrlError("missing ']' in host")
  const colon = host.startsWith('[') ? close + 1 : host.lastIndexOf(':')
  const port = colon < 0 ? '' : host.slice(colon)
  if (!/^(:\d*)?$/.test(port)) throw new GoUrlError(`invalid port ${JSON.stringify(port)} after host`)
  assertEscapes(host)
  const invalid = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host)
  if (invalid) throw new GoUrlError(`invalid character ${JSON.stringify(invalid[0])} in host name`)
  return host
}

function unescapePath(path: string): string {
  assertEscapes(path)
  return path
}

function assertEscapes(text: string): void {
  const wrong = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text)
  if (wrong) throw new GoUrlError(`invalid URL escape ${JSON.stringify(wrong[0])}`)
}

/** What stands before and after the first `separator`. */
function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
