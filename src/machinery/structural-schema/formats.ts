import { isIP, isIPv6 } from 'node:net'

/** The string formats that schemas of custom resources may ask for. After kube-openapi pkg/validation/strfmt. */

/** Whether the server checks `format` for values of these types; it ignores any other. */
export function isSupportedFormat(format: string, types: readonly string[]): boolean {
  const type = types.length === 1 ? types[0] : ''
  if (type === 'integer') return format === 'int32' || format === 'int64'
  if (type === 'number') return format === 'float' || format === 'double'
  return (type === '' || type === 'string') && stringFormats.has(normalize(format))
}

/** Whether `value` has the format; anything has one that is unknown. */
export function hasFormat(value: string, format: string): boolean {
  return stringFormats.get(normalize(format))?.(value) ?? true
}

/** `date-time` and `datetime` are the same. */
function normalize(format: string): string {
  return format.replaceAll('-', '')
}

type Check = (value: string) => boolean

const matches =
  (pattern: RegExp): Check =>
  (value) =>
    pattern.test(value)

const octet = '(?:0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])'

const stringFormats: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['bsonobjectid', matches(/^[0-9a-fA-F]{24}$/)],
  ['uri', isRequestUri],
  ['email', isEmail],
  ['hostname', isHostname],
  ['ipv4', (value) => value.includes('.') && isSloppyIp(value)],
  ['ipv6', (value) => isIPv6(value) && !value.includes('%')],
  ['cidr', isCidr],
  ['mac', isMac],
  ['uuid', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid3', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid4', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['uuid5', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['isbn', (value) => isIsbn10(value) || isIsbn13(value)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['creditcard', isCreditCard],
  ['ssn', (value) => value.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(value)],
  ['hexcolor', matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['rgbcolor', matches(new RegExp(`^rgb\\(\\s*${octet}\\s*,\\s*${octet}\\s*,\\s*${octet}\\s*\\)$`))],
  ['byte', matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/)],
  ['password', () => true],
  ['date', isDate],
  ['duration', isDuration],
  ['datetime', isDateTime],
  ['k8sshortname', (value) => value.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value)],
  ['k8slongname', isLongName],
])

function isLongName(value: string): boolean {
  return value.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(value)
}

/** An absolute URI or an absolute path. After Go's net/url ParseRequestURI. */
function isRequestUri(value: string): boolean {
  if (value === '' || hasControlCharacter(value)) return false
  if (value === '*') return true
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(value)
  if (scheme === null) return value.startsWith('/') && hasGoodEscapes(value.replace(/\?.*$/s, ''))
  const [beforeQuery = ''] = scheme[2]!.split('?')
  if (!beforeQuery.startsWith('/')) return true
  const authority = /^\/\/([^/]*)(.*)$/s.exec(beforeQuery)
  if (authority === null) return hasGoodEscapes(beforeQuery)
  return isAuthority(authority[1]!) && hasGoodEscapes(authority[2]!)
}

function isAuthority(authority: string): boolean {
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  if (at >= 0 && !/^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) return false
  if (host.startsWith('[')) return /^\[[^\]]*\](:[0-9]*)?$/.test(host)
  return /^[^\s"<>\\^`{}|#[\]]*$/.test(host) && /^[^:]*(:[0-9]*)?$/.test(host) && hasGoodEscapes(host)
}

function hasGoodEscapes(text: string): boolean {
  return !/%(?![0-9A-Fa-f]{2})/.test(text)
}

function hasControlCharacter(text: string): boolean {
  for (const character of text) if (character < ' ' || character === '\x7f') return true
  return false
}

/** `a@b`, or `Name <a@b>`. After Go's net/mail ParseAddress, for the forms that people write. */
function isEmail(value: string): boolean {
  const bracketed = /^(?:"(?:[^"\\]|\\.)*"\s*|[^<>@"]*)<([^<>]+)>$/.exec(value.trim())
  const address = bracketed?.[1] ?? value.trim()
  const atom = "[\\p{L}\\p{N}!#$%&'*+/=?^_`{|}~-]+"
  const local = `(?:${atom}(?:\\.${atom})*|"(?:[^"\\\\]|\\\\.)+")`
  return new RegExp(`^${local}@(?:${atom}(?:\\.${atom})*|\\[[^\\[\\]]*\\])$`, 'u').test(address)
}

const hostname =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u

function isHostname(value: string): boolean {
  if (Buffer.byteLength(value) > 255 || !hostname.test(value)) return false
  return value.split('.').every((label) => Buffer.byteLength(label) <= 63)
}

/** An address, leading zeros allowed. */
function isSloppyIp(value: string): boolean {
  const withoutZeros = value.includes('.') ? value.replace(/(^|[.:])0+(?=\d+(\.|$))/g, '$1') : value
  return isIP(withoutZeros) !== 0 && !value.includes('%')
}

function isCidr(value: string): boolean {
  const slash = value.indexOf('/')
  if (slash < 0) return false
  const [address, bits] = [value.slice(0, slash), value.slice(slash + 1)]
  return isSloppyIp(address) && /^\d{1,9}$/.test(bits) && Number(bits) <= (address.includes(':') ? 128 : 32)
}

/** 6, 8 or 20 bytes, with colons, hyphens, or dots after each second byte. After Go's net ParseMAC. */
function isMac(value: string): boolean {
  const byte = '[0-9a-fA-F]{2}'
  const forms = [5, 7, 19].flatMap((more) => [
    `${byte}(?::${byte}){${more}}`,
    `${byte}(?:-${byte}){${more}}`,
    `${byte}${byte}(?:\\.${byte}${byte}){${(more - 1) / 2}}`,
  ])
  return new RegExp(`^(?:${forms.join('|')})$`).test(value)
}

function isIsbn10(value: string): boolean {
  const digits = value.replace(/[\s-]+/g, '')
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false
  const sum = [...digits].reduce((total, digit, at) => total + (at + 1) * (digit === 'X' ? 10 : Number(digit)), 0)
  return sum % 11 === 0
}

function isIsbn13(value: string): boolean {
  const digits = value.replace(/[\s-]+/g, '')
  if (!/^[0-9]{13}$/.test(digits)) return false
  const sum = [...digits.slice(0, 12)].reduce((total, digit, at) => total + (at % 2 === 0 ? 1 : 3) * Number(digit), 0)
  return Number(digits[12]) === (10 - (sum % 10)) % 10
}

const creditCard =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/

/** The number of some issuer, with Luhn's check digit. */
function isCreditCard(value: string): boolean {
  const digits = value.replace(/[^0-9]+/g, '')
  if (!creditCard.test(digits)) return false
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const doubled = Number(digit) * (at % 2 === 1 ? 2 : 1)
    return total + (doubled >= 10 ? doubled - 9 : doubled)
  }, 0)
  return sum % 10 === 0
}

function isDate(value: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value)
  if (parts === null) return false
  const [year, month, day] = parts.slice(1).map(Number) as [number, number, number]
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}

function isDateTime(value: string): boolean {
  const [date = '', time] = value.toLowerCase().split('t')
  if (value.length < 4 || time === undefined || !isDate(date)) return false
  const parts = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time)
  return parts !== null && parts[1]! <= '23' && parts[2]! <= '59' && parts[3]! <= '59'
}

const durationUnits = /^(?:ns|us|µs|ms|s|m|h|hr|d|w|wk|nano.*|micro.*|milli.*|sec.*|min.*|hour.*|day.*|week.*)$/i

/** Go's form (`1h30m`), or somewhere in the text an amount with a unit, such as `22 days`. */
function isDuration(value: string): boolean {
  if (/^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(value)) return true
  return [...value.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, unit]) => durationUnits.test(unit!))
}
