import type { CustomResourceSubresourceScale } from '../../api/types/apiextensions/v1.ts'
import type { FieldError } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import { goText, goType } from '../../machinery/go-text.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

type Scale = DeepReadonly<CustomResourceSubresourceScale>

const mostReplicas = 2 ** 31 - 1

/** What is wrong with the wanted number of replicas. After registry/customresource/validator.go v1.36. */
export function scaleSpecErrors(object: unknown, scale: Scale | undefined): FieldError[] {
  return scale ? replicasErrors(object, scale.specReplicasPath) : []
}

/** What is wrong with the actual number of replicas, and with the selector. */
export function scaleStatusErrors(object: unknown, scale: Scale | undefined): FieldError[] {
  if (!scale) return []
  const errors = replicasErrors(object, scale.statusReplicasPath)
  const path = scale.labelSelectorPath
  if (path === undefined) return errors
  const { value, why } = nestedField(object, path, 'string')
  return why === undefined ? errors : [...errors, invalidField(path, value ?? '', why)]
}

function replicasErrors(object: unknown, path: string): FieldError[] {
  const { value = 0, why } = nestedField(object, path, 'number')
  if (why !== undefined) return [invalidField(path, 0, why)]
  const replicas = value as number | bigint
  if (replicas < 0) return [invalidField(path, replicas, 'should be a non-negative integer')]
  if (replicas <= mostReplicas) return []
  return [invalidField(path, replicas, `should be less than or equal to ${mostReplicas}`)]
}

interface Nested {
  readonly value?: unknown
  /** Set where something on the way, or the value, is of another type. */
  readonly why?: string
}

/** A field by its path. The texts of apimachinery unstructured/helpers.go v1.36. */
function nestedField(object: unknown, path: string, type: 'string' | 'number'): Nested {
  const names = path.replace(/^\./, '').split('.')
  let value = object
  for (const [depth, name] of names.entries()) {
    if (value === null) return {}
    if (typeof value !== 'object' || Array.isArray(value)) {
      const where = `.${names.slice(0, depth + 1).join('.')}`
      const found = `${goText(value)} is of the type ${goType(value)}`
      return { why: `${where} accessor error: ${found}, expected map[string]interface{}` }
    }
    if (!Object.hasOwn(value, name)) return {}
    value = (value as Record<string, unknown>)[name]
  }
  if (type === 'string' ? typeof value === 'string' : isInt64(value)) return { value }
  const expected = type === 'string' ? 'string' : 'int64'
  const found = `${goText(value)} is of the type ${goType(value)}`
  return { why: `.${names.join('.')} accessor error: ${found}, expected ${expected}` }
}

function isInt64(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isInteger(value)
}
