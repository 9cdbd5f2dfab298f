import { posix } from 'node:path'
import { badRequest } from '../../machinery/errors.ts'
import type { Revision } from '../../store/store.ts'

/** Where a limited list goes on. After apiserver storage/continue.go v1.36. */
export interface ContinueToken {
  /** The revision the whole list is of; undefined: whatever is newest (after the first one was compacted away). */
  readonly revision: Revision | undefined
  /** The least key of the next page, below the list's prefix. */
  readonly startKey: string
}

const version = 'meta.k8s.io/v1'

export function encodeContinue({ revision, startKey }: ContinueToken): string {
  const token = JSON.stringify({ v: version, rv: revision ?? -1, start: startKey })
  return Buffer.from(token).toString('base64url')
}

/** Throws 400 for a token that this server cannot have made. */
export function decodeContinue(text: string): ContinueToken {
  const broken = [...text].findIndex((character) => !/[A-Za-z0-9_-]/.test(character))
  if (broken >= 0) throw refused(`illegal base64 data at input byte ${broken}`)
  if (text.length % 4 === 1) throw refused(`illegal base64 data at input byte ${text.length - 1}`)
  const { v, rv, start } = parse(Buffer.from(text, 'base64url').toString())
  if (v !== version) throw refused(`server does not recognize this encoded version ${v ?? ''}`)
  if (typeof rv !== 'number' || rv === 0) {
    throw refused(`incorrect encoded start resourceVersion (version ${version})`)
  }
  if (typeof start !== 'string' || start === '') throw refused(`encoded start key empty (version ${version})`)
  // A key that climbs out of the prefix would read what the client was not authorized for.
  const key = start.startsWith('/') ? start : `/${start}`
  if (posix.normalize(key) !== key || key.endsWith('/')) throw refused(start)
  return { revision: rv < 0 ? undefined : rv, startKey: key.slice(1) }
}

function parse(json: string): { v?: unknown; rv?: unknown; start?: unknown } {
  try {
    const token: unknown = JSON.parse(json)
    if (typeof token === 'object' && token !== null) return token
  } catch {
    // Go names the first character that no JSON value can begin with.
    const first = JSON.stringify([...json][0] ?? '').slice(1, -1)
    throw refused(
      json === '' ? 'unexpected end of JSON input' : `invalid character '${first}' looking for beginning of value`,
    )
  }
  throw refused('json: cannot unmarshal into Go value of type storage.continueToken')
}

function refused(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`)
}
