import { ConstructedObject } from '../../../machinery/cel/constructed-object.ts'
import { toJson } from '../../../machinery/cel/to-json.ts'
import type { CelValue } from '../../../machinery/cel/values.ts'
import { mergeObjects } from '../../../machinery/managed-fields/merge.ts'
import { appliedObjectError } from '../../../machinery/managed-fields/validate-applied.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import { isJsonObject } from '../../../machinery/patch/patch-error.ts'
import type { FieldSchema, FieldType, ObjectSchema } from '../../../machinery/schema.ts'
import { typeNameErrors } from './constructed-types.ts'
import { MutationError } from './mutation-error.ts'

/**
 * The object with what an ApplyConfiguration mutation evaluated to laid over it. Nobody comes to own the fields.
 * Throws a MutationError. After policy/mutating/patch/smd.go v1.36.
 */
export function applyConfiguration(object: DeepReadonly<KubeObject>, value: CelValue, schema: ObjectSchema): unknown {
  if (!(value instanceof ConstructedObject)) {
    throw new MutationError('unsupported return type from ApplyConfiguration expression')
  }
  const nameErrors = typeNameErrors(value)
  if (nameErrors.length > 0) throw new MutationError(`type mismatch: ${nameErrors.join('\n')}`)
  const { apiVersion, kind } = object
  const applied = { ...(toJson(value) as Record<string, unknown>), apiVersion, kind }
  const formError = appliedObjectError(applied, schema)
  if (formError !== '') {
    throw new MutationError(`error applying patch: failed to convert patch object to typed object: ${formError}`)
  }
  const atomics = atomicPlaces(applied, schema, '')
  if (atomics.length > 0) {
    const why = `may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`
    throw new MutationError(`error applying patch: invalid ApplyConfiguration: ${why}`)
  }
  return mergeObjects(object as Readonly<Record<string, unknown>>, applied, schema)
}

/** Applying part of what is atomic would take the rest away, which few who write a policy mean. */
function atomicPlaces(value: Readonly<Record<string, unknown>>, schema: ObjectSchema, path: string): string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const field = schema.fields.get(name)
    return field ? atomicsBelow(member, field.type, `${path}.${name}`, field) : []
  })
}

function atomicsBelow(value: unknown, type: FieldType, path: string, field?: FieldSchema): string[] {
  if (Array.isArray(value) && type.kind === 'list') {
    const isAtomic = field?.listType !== 'set' && field?.listType !== 'map'
    const below = value.flatMap((item, index) => atomicsBelow(item, type.items, `${path}[${index}]`))
    return isAtomic ? [path, ...below] : below
  }
  if (!isJsonObject(value)) return []
  const isAtomic = field?.mapType === 'atomic' || (type.kind === 'object' && type.type.mapType === 'atomic')
  const below = type.kind === 'object' ? atomicPlaces(value, type.type, path) : []
  return isAtomic ? [path, ...below] : below
}
