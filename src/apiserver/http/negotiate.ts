import { notAcceptable } from '../../machinery/errors.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Headers } from '../request.ts'

export type Encoding = 'json' | 'yaml' | 'protobuf'

/** The media types objects are served in, best first, and what they are called on the wire. */
export const mediaTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
}

/** Custom resources and everything that has no proto message. */
export const withoutProtobuf: readonly Encoding[] = ['json', 'yaml']
export const everyEncoding: readonly Encoding[] = ['json', 'yaml', 'protobuf']

/** One alternative of an Accept header. */
export interface AcceptClause {
  readonly type: string
  readonly subtype: string
  readonly quality: number
  readonly parameters: Readonly<Record<string, string>>
}

export interface NegotiatedMediaType {
  readonly encoding: Encoding
  /** The clause's parameters: `as`, `g`, `v`, `stream`, `pretty`. */
  readonly parameters: Readonly<Record<string, string>>
}

const noParameters: Readonly<Record<string, string>> = Object.freeze({})

/** The alternatives of an Accept header, best first; equal ones in the client's order. */
export function parseAccept(header: string): AcceptClause[] {
  return header
    .split(',')
    .map(parseClause)
    .filter((clause) => clause !== undefined)
    .sort((left, right) => right.quality - left.quality)
}

function parseClause(text: string): AcceptClause | undefined {
  const [mediaType = '', ...rest] = text.split(';')
  const [type, subtype, ...more] = mediaType.trim().split('/')
  if (!type || more.length > 0) return undefined
  if (subtype === undefined && type !== '*') return undefined
  const parameters: Record<string, string> = {}
  let quality = 1
  for (const part of rest) {
    const [name = '', value] = part.split('=')
    if (value === undefined) continue
    if (name.trim() === 'q') quality = Number(value.trim()) || 0
    else parameters[name.trim()] = value.trim()
  }
  return { type, subtype: subtype ?? '*', quality, parameters }
}

/**
 * The first alternative among `encodings` that `accepts` lets through, or undefined. No header means the first
 * encoding. After apiserver endpoints/handlers/negotiation/negotiate.go v1.36.
 */
export function negotiate(
  header: string | undefined,
  encodings: readonly Encoding[],
  accepts: (parameters: Readonly<Record<string, string>>, encoding: Encoding) => boolean = () => true,
): NegotiatedMediaType | undefined {
  if (!header) return { encoding: encodings[0]!, parameters: noParameters }
  for (const clause of parseAccept(header)) {
    for (const encoding of encodings) {
      const matches =
        (clause.type === '*' && clause.subtype === '*') ||
        (clause.type === 'application' &&
          (clause.subtype === '*' || mediaTypes[encoding] === `application/${clause.subtype}`))
      if (matches && accepts(clause.parameters, encoding)) return { encoding, parameters: clause.parameters }
    }
  }
  return undefined
}

/** Whether a custom resource can be had like this: in protobuf only what is made of its metadata. */
export function hasCustomForm({ as }: Readonly<Record<string, string>>, encoding: Encoding): boolean {
  return encoding !== 'protobuf' || as !== undefined
}

/** 406 with the media types there are; those of a stream when `stream`. */
export function noneAcceptable(encodings: readonly Encoding[], stream: boolean): Error {
  return notAcceptable(
    encodings.map((encoding) => (stream ? `${mediaTypes[encoding]};stream=watch` : mediaTypes[encoding])),
  )
}

/** Whether JSON is wanted indented: asked for, or the client is one a person looks at. */
export function wantsPretty(query: URLSearchParams | undefined, userAgent: string | undefined): boolean {
  const pretty = query?.get('pretty')
  if (pretty) return ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(pretty)
  return userAgent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent)
}

/** Whether the client takes compressed answers. */
export function takesGzip(headers: Headers): boolean {
  const accepted = headers.get('accept-encoding')
  return accepted?.split(',').some((token) => token.trim() === 'gzip') ?? false
}

/**
 * Throws the 406 of upstream's router when a client names none of the types a path can answer in. Parameters do not
 * count here, and of the wildcards only `*` with `*` does. After go-restful's matchesAccept.
 */
export function assertRouted(accept: string | undefined, types: readonly string[]): void {
  if (!accept) return
  const named = accept.split(',').map((clause) => clause.split(';', 1)[0]!.trim())
  if (named.some((type) => type === '*/*' || types.includes(type))) return
  const message = `406: Not Acceptable\n\nAvailable representations: ${types.join(', ')}`
  throw new StatusError({ code: 406, reason: 'NotAcceptable', message, details: {} })
}
