import { unsupportedMediaType } from '../../machinery/errors.ts'
import { maxBodyBytes } from '../http/body.ts'
import { mediaTypes } from '../http/negotiate.ts'
import type { RequestContext } from '../request.ts'

/** A request's body: bytes of a media type, or a value that another component passed by reference. */
export type Body =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly mediaType: string }
  | { readonly kind: 'value'; readonly value: unknown }

/** The body, whole. Throws 413 past 3 MiB. Without Content-Type it is JSON. */
export async function readBody({ body, headers }: RequestContext): Promise<Body> {
  if (body.kind === 'object') return { kind: 'value', value: body.value }
  const bytes = body.kind === 'none' ? new Uint8Array() : await body.read(maxBodyBytes)
  return { kind: 'bytes', bytes, mediaType: mediaTypeOf(headers.get('content-type')) }
}

/** `application/json; charset=utf-8` without its parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase() || mediaTypes.json
}

/** 415 with the media types objects are read in. */
export function unknownFormat(): Error {
  return unsupportedMediaType(Object.values(mediaTypes))
}
