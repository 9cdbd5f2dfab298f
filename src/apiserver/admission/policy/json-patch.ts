import { ConstructedObject } from '../../../machinery/cel/constructed-object.ts'
import { elementsOf } from '../../../machinery/cel/json-values.ts'
import { toJson } from '../../../machinery/cel/to-json.ts'
import { CelList, type CelValue } from '../../../machinery/cel/values.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import { applyJsonPatch, type JsonPatchOperation } from '../../../machinery/patch/json-patch.ts'
import { PatchError } from '../../../machinery/patch/patch-error.ts'
import { typeNameErrors } from './constructed-types.ts'
import { MutationError } from './mutation-error.ts'

/**
 * The object with what a JSONPatch mutation evaluated to. Throws a MutationError. After
 * policy/mutating/patch/json_patch.go v1.36.
 */
export function applyPatchValue(object: DeepReadonly<KubeObject>, value: CelValue): unknown {
  const operations = operationsOf(value)
  try {
    return applyJsonPatch(object, operations)
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    // A test that fails says that the patch is not meant for this object.
    if (error.message.endsWith(': test failed')) return object
    throw new MutationError(`JSON Patch: ${error.message}`)
  }
}

function operationsOf(value: CelValue): JsonPatchOperation[] {
  if (!(value instanceof CelList)) {
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array')
  }
  return [...elementsOf(value)].map((element) => {
    if (element instanceof ConstructedObject) return operationOf(element)
    throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch')
  })
}

function operationOf({ fields }: ConstructedObject): JsonPatchOperation {
  const { op, path, from } = Object.fromEntries(fields)
  const value = fields.get('value')
  return {
    op: textOf(op),
    path: textOf(path),
    ...(textOf(from) !== '' && { from: textOf(from) }),
    ...(value !== undefined && { value: jsonOf(value) }),
  }
}

function textOf(value: CelValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

function jsonOf(value: CelValue): unknown {
  const errors = value instanceof ConstructedObject ? typeNameErrors(value) : []
  if (errors.length > 0) throw new MutationError(`type mismatch: ${errors.join('\n')}`)
  return toJson(value)
}
