/** Addresses and prefixes as Go's net/netip reads and writes them, with its messages. After Go 1.25. */

import ipaddr from 'ipaddr.js'

/** Four bytes, or sixteen. */
export type Address = Uint8Array

export interface Prefix {
  readonly address: Address
  readonly bits: number
}

/** The address, or Go's message. */
export function parseAddress(text: string): { bytes: Address; zone: string } | string {
  for (const character of text) {
    if (character === '.') return parseV4(text)
    if (character === ':') return parseV6(text)
    if (character === '%') return failed(text, 'missing IPv6 address')
  }
  return failed(text, 'unable to parse IP')
}

function failed(text: string, why: string, at = ''): string {
  return `ParseAddr(${JSON.stringify(text)}): ${why}${at === '' ? '' : ` (at ${JSON.stringify(at)})`}`
}

function parseV4(text: string): { bytes: Address; zone: string } | string {
  const fields = parseFields(text, text)
  return typeof fields === 'string' ? fields : { bytes: Uint8Array.from(fields), zone: '' }
}

/** The four numbers of `text`, which is all or the end of `whole`. */
function parseFields(text: string, whole: string): number[] | string {
  const fields: number[] = []
  let value = 0
  let digits = 0
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!
    if (/[0-9]/.test(character)) {
      if (digits === 1 && value === 0) return failed(whole, 'IPv4 field has octet with leading zero')
      value = value * 10 + Number(character)
      digits++
      if (value > 255) return failed(whole, 'IPv4 field has value >255')
    } else if (character === '.') {
      if (index === 0 || index === text.length - 1 || text[index - 1] === '.') {
        return failed(whole, 'IPv4 field must have at least one digit', text.slice(index))
      }
      if (fields.length === 3) return failed(whole, 'IPv4 address too long')
      fields.push(value)
      value = 0
      digits = 0
    } else return failed(whole, 'unexpected character', text.slice(index))
  }
  if (fields.length < 3) return failed(whole, 'IPv4 address too short')
  return [...fields, value]
}

function parseV6(text: string): { bytes: Address; zone: string } | string {
  const percent = text.indexOf('%')
  const zone = percent < 0 ? '' : text.slice(percent + 1)
  if (percent >= 0 && zone === '') return failed(text, 'zone must be a non-empty string')
  const bytes = parseV6Bytes(percent < 0 ? text : text.slice(0, percent), text)
  return typeof bytes === 'string' ? bytes : { bytes, zone }
}

interface V6State {
  readonly whole: string
  readonly bytes: number[]
  /** Where `::` stands, in bytes. */
  ellipsis: number | undefined
}

function parseV6Bytes(text: string, whole: string): Address | string {
  const state: V6State = { whole, bytes: [], ellipsis: undefined }
  let rest = text
  if (rest.startsWith('::')) {
    state.ellipsis = 0
    rest = rest.slice(2)
    if (rest === '') return new Uint8Array(16)
  }
  while (state.bytes.length < 16) {
    const next = parseV6Field(rest, state)
    if (typeof next === 'string') return next
    rest = next.rest
    if (next.done) break
  }
  if (rest !== '') return failed(whole, 'trailing garbage after address', rest)
  return expanded(state)
}

/** Takes one field and the colon behind it. */
function parseV6Field(text: string, state: V6State): { rest: string; done: boolean } | string {
  const { whole, bytes } = state
  const digits = /^[0-9a-fA-F]*/.exec(text)![0]
  if (digits.length > 4) return failed(whole, 'each group must have 4 or less digits', text)
  if (digits === '') return failed(whole, 'each colon-separated field must have at least one digit', text)
  if (text[digits.length] === '.') return parseEmbedded(text, state)
  const value = Number.parseInt(digits, 16)
  bytes.push(value >> 8, value & 0xff)
  const rest = text.slice(digits.length)
  if (rest === '') return { rest, done: true }
  if (!rest.startsWith(':')) return failed(whole, 'unexpected character, want colon', rest)
  if (rest === ':') return failed(whole, 'colon must be followed by more characters', rest)
  if (!rest.startsWith('::')) return { rest: rest.slice(1), done: false }
  if (state.ellipsis !== undefined) return failed(whole, 'multiple :: in address', rest.slice(1))
  state.ellipsis = bytes.length
  return { rest: rest.slice(2), done: rest === '::' }
}

function parseEmbedded(text: string, { whole, bytes, ellipsis }: V6State): { rest: string; done: boolean } | string {
  if (ellipsis === undefined && bytes.length !== 12) {
    return failed(whole, 'embedded IPv4 address must replace the final 2 fields of the address', text)
  }
  if (bytes.length + 4 > 16) {
    return failed(whole, 'too many hex fields to fit an embedded IPv4 at the end of the address', text)
  }
  const fields = parseFields(text, whole)
  if (typeof fields === 'string') return fields
  bytes.push(...fields)
  return { rest: '', done: true }
}

function expanded({ whole, bytes, ellipsis }: V6State): Address | string {
  if (bytes.length === 16) {
    return ellipsis === undefined
      ? Uint8Array.from(bytes)
      : failed(whole, 'the :: must expand to at least one field of zeros')
  }
  if (ellipsis === undefined) return failed(whole, 'address string too short')
  const zeros = new Array<number>(16 - bytes.length).fill(0)
  return Uint8Array.from([...bytes.slice(0, ellipsis), ...zeros, ...bytes.slice(ellipsis)])
}

/** The prefix, or Go's message. Bits past the length are kept. */
export function parsePrefix(text: string): Prefix | string {
  const refused = (why: string) => `netip.ParsePrefix(${JSON.stringify(text)}): ${why}`
  const slash = text.lastIndexOf('/')
  if (slash < 0) return refused("no '/'")
  const address = parseAddress(text.slice(0, slash))
  if (typeof address === 'string') return refused(address)
  if (address.zone !== '') return refused('IPv6 zones cannot be present in a prefix')
  const length = text.slice(slash + 1)
  if (!/^(?:0|[1-9][0-9]*)$/.test(length)) return refused(`bad bits after slash: ${JSON.stringify(length)}`)
  const bits = Number(length)
  if (bits > address.bytes.length * 8) return refused('prefix length out of range')
  return { address: address.bytes, bits }
}

/** The canonical form. */
export function addressText(address: Address): string {
  const parsed = ipaddr.fromByteArray([...address])
  return parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString()
}
