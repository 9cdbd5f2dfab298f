import { StatusError } from '../../machinery/status.ts'
import type { Revision, Store } from '../../store/store.ts'

export type ParsedRevision =
  | { readonly ok: true; readonly revision: Revision }
  | { readonly ok: false; readonly why: string }

/** A resourceVersion as a revision, or upstream's words on why it is none. After storage/api_object_versioner.go. */
export function parseRevision(text: string): ParsedRevision {
  if (/^\d+$/.test(text) && BigInt.asUintN(64, BigInt(text)) === BigInt(text))
    return { ok: true, revision: Number(text) }
  const quoted = JSON.stringify(text)
  const why = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'
  return { ok: false, why: `strconv.ParseUint: parsing ${quoted}: ${why}` }
}

/** As a parameter of a query is refused. */
export function parameterError(text: string, why: string): string {
  return `resourceVersion: Invalid value: ${JSON.stringify(text)}: ${why}`
}

/** The error of a GET or watch whose resourceVersion cannot be parsed: upstream does not take it for the client's. */
export function watchRevisionError(why: string): StatusError {
  return new StatusError({ code: 500, message: why })
}

/** Throws the 504 that tells clients to come back when the server has caught up with a revision it has not seen. */
export function assertSeen(store: Store, wanted: Revision): void {
  if (wanted <= store.revision) return
  throw new StatusError({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${wanted}, current: ${store.revision}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
}
