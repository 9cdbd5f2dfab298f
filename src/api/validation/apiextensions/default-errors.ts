import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import { pruneValue } from '../../../machinery/structural-schema/prune.ts'
import type { StructuralSchema } from '../../../machinery/structural-schema/structural-schema.ts'
import { validateValue } from '../../../machinery/structural-schema/validate-value.ts'
import { copyJson, equalJson, isJsonObject } from '../../../machinery/structural-schema/values.ts'
import { coerceEmbedded, embeddedErrors } from './embedded-resources.ts'
import { type Step, surround } from './surrounding.ts'

export interface DefaultOptions {
  readonly path: string
  /** Defaults may hold nothing that the schema does not know. */
  readonly requirePruned: boolean
}

/**
 * Whether the defaults of a schema are values that it accepts. After ValidateDefaults of apiextensions-apiserver
 * pkg/apiserver/schema/defaulting validation.go v1.36.
 */
export function defaultErrors(schema: StructuralSchema, { path, requirePruned }: DefaultOptions): FieldError[] {
  const root = { ...schema, embeddedResource: true }
  return validate(root, { path, requirePruned, root, steps: [], isInsideMeta: false })
}

interface Here extends DefaultOptions {
  /** The object around: the custom resource or an embedded one, and the way from it. */
  readonly root: StructuralSchema
  readonly steps: readonly Step[]
  /** Below the apiVersion, kind or metadata of that object. */
  readonly isInsideMeta: boolean
}

function validate(schema: StructuralSchema, outer: Here): FieldError[] {
  const here = schema.embeddedResource ? { ...outer, root: schema, steps: [], isInsideMeta: false } : outer
  const errors = schema.default === undefined ? [] : ownErrors(schema, here)
  // A default below additionalProperties is refused elsewhere.
  if (schema.items)
    errors.push(...validate(schema.items, { ...here, path: `${here.path}.items`, steps: [...here.steps, 0] }))
  for (const [name, property] of schema.properties) {
    const entersMeta = schema.embeddedResource && ['metadata', 'apiVersion', 'kind'].includes(name)
    errors.push(
      ...validate(property, {
        ...here,
        path: `${here.path}.properties[${name}]`,
        steps: [...here.steps, name],
        isInsideMeta: here.isInsideMeta || entersMeta,
      }),
    )
  }
  return errors
}

function ownErrors(schema: StructuralSchema, here: Here): FieldError[] {
  const path = `${here.path}.default`
  const value = schema.default
  if (here.isInsideMeta) {
    const why = metaError(value, here)
    if (why !== undefined) return [invalidField(path, value, `must result in valid metadata: ${why}`)]
    return validateValue(value, schema, { path })
  }
  const errors: FieldError[] = []
  if (here.requirePruned && !isPruned(value, schema))
    errors.push(invalidField(path, value, 'must not have unknown fields'))
  return [...errors, ...firstErrors(value, schema, path)]
}

function firstErrors(value: unknown, schema: StructuralSchema, path: string): FieldError[] {
  const coerced = copyJson(value)
  const { error } = coerceEmbedded(coerced, schema, { path, isResourceRoot: schema.embeddedResource })
  if (error !== undefined) return [error]
  const errors = embeddedErrors(coerced, schema, { path, isResourceRoot: schema.embeddedResource })
  return errors.length > 0 ? errors : validateValue(coerced, schema, { path })
}

function isPruned(value: unknown, schema: StructuralSchema): boolean {
  const pruned = copyJson(value)
  pruneValue(pruned, schema, { isResourceRoot: schema.embeddedResource })
  return equalJson(pruned, value)
}

/** What is wrong with the smallest object that has this default, as one text. */
function metaError(value: unknown, { root, steps }: Here): string | undefined {
  const surrounding = surround(copyJson(value), steps)
  const object = { kind: 'Validation', apiVersion: 'validation/v1', ...(isJsonObject(surrounding) && surrounding) }
  const { error } = coerceEmbedded(object, root, { isResourceRoot: true })
  if (error !== undefined) return errorText(error)
  const texts = embeddedErrors(object, root, { isResourceRoot: true }).map(errorText)
  if (texts.length === 0) return undefined
  return texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
}

function errorText({ field, detail }: FieldError): string {
  return `${field}: ${detail}`
}
