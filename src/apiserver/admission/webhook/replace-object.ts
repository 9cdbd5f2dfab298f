import { schemaForKind } from '../../../api/schema/schema.ts'
import { strictDecodingError } from '../../../machinery/decode.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import { decodeObject } from '../../rest/decode-object.ts'
import type { RequestMatch } from './match-request.ts'

/**
 * What somebody made of an object, read as its kind and with its defaults. Throws a DecodeError; `strict`: also for
 * fields that a built-in kind does not have.
 */
export function decodeMutated(value: unknown, { definition, kind }: RequestMatch, strict = false): KubeObject {
  const isOwnKind = kind.kind === definition.kind
  const { object, strictErrors } = decodeObject(value, isOwnKind ? definition : { schema: schemaForKind(kind) })
  if (strict && !definition.custom && strictErrors.length > 0) throw strictDecodingError(strictErrors)
  if (isOwnKind) definition.applyDefaults?.(object as KubeObject)
  return object as KubeObject
}

/** Gives the draft, which the rest of the request holds on to, the fields of `mutated`. */
export function replaceObject(draft: KubeObject, mutated: KubeObject): void {
  const fields = draft as Record<string, unknown>
  for (const name of Object.keys(fields)) if (!Object.hasOwn(mutated, name)) delete fields[name]
  Object.assign(draft, mutated)
  draft.metadata ??= {}
}
