import { schemaForKind } from '../../../api/schema/schema.ts'
import type { KubeObject } from '../../../machinery/object.ts'
import { decodeObject } from '../../rest/decode-object.ts'
import type { RequestMatch } from './match-request.ts'

/** What somebody made of an object, read as its kind and with its defaults. Throws a DecodeError. */
export function decodeMutated(value: unknown, { definition, kind }: RequestMatch): KubeObject {
  const isOwnKind = kind.kind === definition.kind
  const reading = isOwnKind ? definition : { schema: schemaForKind(kind) }
  const object = decodeObject(value, reading).object as KubeObject
  if (isOwnKind) definition.applyDefaults?.(object)
  return object
}

/** Gives the draft, which the rest of the request holds on to, the fields of `mutated`. */
export function replaceObject(draft: KubeObject, mutated: KubeObject): void {
  const fields = draft as Record<string, unknown>
  for (const name of Object.keys(fields)) if (!Object.hasOwn(mutated, name)) delete fields[name]
  Object.assign(draft, mutated)
  draft.metadata ??= {}
}
