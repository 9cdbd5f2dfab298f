import type { CustomResourceSubresourceScale } from '../../api/types/apiextensions/v1.ts'
import { embeddedErrors } from '../../api/validation/apiextensions/embedded-resources.ts'
import type { FieldError } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { listTypeErrors } from '../../machinery/structural-schema/list-types.ts'
import type { RuleValidator } from '../../machinery/structural-schema/rule-validator.ts'
import type { StructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'
import { validateValue } from '../../machinery/structural-schema/validate-value.ts'
import { scaleSpecErrors, scaleStatusErrors } from './scale-rules.ts'

export interface ObjectRules {
  readonly schema: StructuralSchema
  readonly scale: DeepReadonly<CustomResourceSubresourceScale> | undefined
  /** Of x-kubernetes-validations; `undefined`: the schema has none. */
  readonly rules: RuleValidator | undefined
}

type CustomObject = DeepReadonly<KubeObject>

/** What is wrong with a new object. After registry/customresource/strategy.go Validate v1.36, metadata aside. */
export function newObjectErrors(object: CustomObject, { schema, scale, rules }: ObjectRules): FieldError[] {
  const errors = [
    ...validateValue(object, schema),
    ...scaleSpecErrors(object, scale),
    ...scaleStatusErrors(object, scale),
    ...embeddedErrors(object, schema),
    ...listTypeErrors(object, schema),
  ]
  return hasBlocking(errors) ? errors : [...errors, ...(rules?.validate(object) ?? [])]
}

/** What is wrong with a change; what is as it was is let be. After strategy.go ValidateUpdate. */
export function changedObjectErrors(
  object: CustomObject,
  old: CustomObject,
  { schema, scale, rules }: ObjectRules,
  warn: (text: string) => void,
): FieldError[] {
  const errors = [
    ...validateValue(object, schema, { old: { value: old } }),
    ...scaleSpecErrors(object, scale),
    ...scaleStatusErrors(object, scale),
    ...embeddedErrors(object, schema),
    ...changedListErrors(object, old, schema),
  ]
  return hasBlocking(errors) ? errors : [...errors, ...(rules?.validate(object, { old: { value: old }, warn }) ?? [])]
}

/** What is wrong with a change of the status alone. After status_strategy.go ValidateUpdate. */
export function changedStatusErrors(
  object: CustomObject,
  old: CustomObject,
  { schema, scale, rules }: ObjectRules,
  warn: (text: string) => void,
): FieldError[] {
  const { status } = object as { status?: unknown }
  const statusSchema = schema.properties.get('status')
  const before = { value: (old as { status?: unknown }).status }
  const errors = [
    ...(status !== undefined && statusSchema
      ? validateValue(status, statusSchema, { old: before, path: 'status' })
      : []),
    ...scaleStatusErrors(object, scale),
    ...changedListErrors(object, old, schema),
  ]
  return hasBlocking(errors) ? errors : [...errors, ...(rules?.validate(object, { old: { value: old }, warn }) ?? [])]
}

/** Errors after which a rule could meet values of other types than it was compiled for. After hasBlockingErr. */
const blocking: ReadonlySet<string> = new Set([
  'FieldValueRequired',
  'FieldValueNotSupported',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
])

function hasBlocking(errors: readonly FieldError[]): boolean {
  return errors.some(({ type }) => blocking.has(type))
}

/** Lists that had duplicates before may keep them. */
function changedListErrors(object: CustomObject, old: CustomObject, schema: StructuralSchema): FieldError[] {
  return listTypeErrors(old, schema).length > 0 ? [] : listTypeErrors(object, schema)
}
