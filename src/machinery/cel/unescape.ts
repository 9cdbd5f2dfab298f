/** The value of a quoted string or bytes token. After cel-go parser/unescape.go v0.26. */

const simpleEscapes = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

const escapes = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/gu

/** What `unescape…` throws; the message is cel-go's. */
export class UnescapeError extends Error {}

/** Of a token such as `'a\n'`, `r"\d"` or `"""x"""`. Throws UnescapeError for a code point that does not exist. */
export function unescapeString(token: string): string {
  const { raw, body } = unquote(token)
  if (raw || !body.includes('\\')) return body
  return body.replace(escapes, (...[, hex, short, long, octal, simple]: string[]) => {
    if (simple !== undefined) return simpleEscapes.get(simple) ?? simple
    const code = octal === undefined ? Number.parseInt(hex ?? short ?? long!, 16) : Number.parseInt(octal, 8)
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new UnescapeError('invalid unicode code point')
    return String.fromCodePoint(code)
  })
}

/** Of a token without its `b`. Escapes name bytes, other characters their UTF-8. Throws UnescapeError for `\u`. */
export function unescapeBytes(token: string): Uint8Array {
  const { raw, body } = unquote(token)
  if (raw) return Buffer.from(body)
  const parts: Uint8Array[] = []
  let end = 0
  for (const match of body.matchAll(escapes)) {
    parts.push(Buffer.from(body.slice(end, match.index)))
    const [, hex, short, long, octal, simple] = match
    if (short !== undefined || long !== undefined) throw new UnescapeError('unable to unescape string')
    if (simple !== undefined) parts.push(Buffer.from(simpleEscapes.get(simple) ?? simple))
    else parts.push(Uint8Array.of(octal === undefined ? Number.parseInt(hex!, 16) : Number.parseInt(octal, 8)))
    end = match.index + match[0].length
  }
  parts.push(Buffer.from(body.slice(end)))
  return new Uint8Array(Buffer.concat(parts))
}

function unquote(token: string): { raw: boolean; body: string } {
  const raw = token[0] === 'r' || token[0] === 'R'
  const quoted = (raw ? token.slice(1) : token).replaceAll('\r\n', '\n').replaceAll('\r', '\n')
  const triple = quoted.length >= 6 && (quoted.startsWith('"""') || quoted.startsWith("'''"))
  return { raw, body: triple ? quoted.slice(3, -3) : quoted.slice(1, -1) }
}
