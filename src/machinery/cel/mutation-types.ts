/** Types of mutating policies: `Object`, `Object.spec`… and `JSONPatch`. After apiserver pkg/cel/mutation v1.36. */

import { type CelType, dynType, objectType, stringType } from './types.ts'

export const jsonPatchType = objectType('JSONPatch', {
  op: stringType,
  path: stringType,
  from: stringType,
  value: dynType,
})

/** `Object` and all `Object.a.b` take any field; which of them go together is checked on the value. */
export function mutationType(name: string): CelType | undefined {
  if (name === jsonPatchType.name) return jsonPatchType
  return name === 'Object' || name.startsWith('Object.') ? objectType(name, () => ({ type: dynType })) : undefined
}
