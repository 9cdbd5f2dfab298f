import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import { labelValueErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly, ObjectMeta } from '../../machinery/object.ts'
import type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
} from '../types/authorization/v1.ts'
import { checkForm, checkQualifiedName } from './checks.ts'
import { goString, goStruct } from './go-json.ts'

/** Questions about what somebody may do. After pkg/apis/authorization/validation v1.36. */

type Spec = DeepReadonly<Partial<SubjectAccessReview['spec']>>

export function validateSubjectAccessReview({ metadata, spec = {} }: DeepReadonly<SubjectAccessReview>): FieldError[] {
  const errors = subjectErrors(spec)
  checkNoMetadata(metadata, 'must be empty', errors)
  return errors
}

export function validateSelfSubjectAccessReview({
  metadata,
  spec = {},
}: DeepReadonly<SelfSubjectAccessReview>): FieldError[] {
  const errors: FieldError[] = []
  checkQuestion(spec, errors)
  checkAttributes(spec.resourceAttributes, errors)
  checkNoMetadata(metadata, 'must be empty', errors)
  return errors
}

/** `metadata.namespace` has been filled in from the path. */
export function validateLocalSubjectAccessReview({
  metadata = {},
  spec = {},
}: DeepReadonly<LocalSubjectAccessReview>): FieldError[] {
  const errors = subjectErrors(spec)
  checkNoMetadata({ ...metadata, namespace: '' }, 'must be empty except for namespace', errors, metadata)
  const { resourceAttributes, nonResourceAttributes } = spec as Spec
  const namespace = resourceAttributes?.namespace ?? ''
  if (resourceAttributes && namespace !== (metadata.namespace ?? '')) {
    errors.push(invalidField('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace'))
  }
  if (nonResourceAttributes) {
    const shown = goNonResource(nonResourceAttributes)
    errors.push(invalidField('spec.nonResourceAttributes', shown, 'disallowed on this kind of request'))
  }
  return errors
}

function subjectErrors(spec: Spec): FieldError[] {
  const errors: FieldError[] = []
  checkQuestion(spec, errors)
  if (!spec.user && !spec.groups?.length) {
    errors.push(invalidField('spec.user', '', 'at least one of user or group must be specified'))
  }
  checkAttributes(spec.resourceAttributes, errors)
  return errors
}

const goNonResource = goStruct([
  ['Path', 'path', goString],
  ['Verb', 'verb', goString],
])

function checkQuestion({ resourceAttributes, nonResourceAttributes }: Spec, errors: FieldError[]): void {
  if (resourceAttributes && nonResourceAttributes) {
    const why = 'cannot be specified in combination with resourceAttributes'
    errors.push(invalidField('spec.nonResourceAttributes', goNonResource(nonResourceAttributes), why))
  } else if (!resourceAttributes && !nonResourceAttributes) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
    errors.push(invalidField('spec.resourceAttributes', null, why))
  }
}

/** `shown` is what the error quotes, where it is more than what is compared. */
function checkNoMetadata(
  metadata: DeepReadonly<ObjectMeta> | undefined,
  why: string,
  errors: FieldError[],
  shown: DeepReadonly<ObjectMeta> = metadata ?? {},
): void {
  const { managedFields: _managedFields, ...given } = metadata ?? {}
  const isEmpty = Object.values(given).every((value) => !value || isDeepStrictEqual(value, {}))
  if (!isEmpty) errors.push(invalidField('metadata', shown, why))
}

function checkAttributes(attributes: DeepReadonly<ResourceAttributes> | undefined, errors: FieldError[]): void {
  const { fieldSelector, labelSelector } = attributes ?? {}
  checkSelector(fieldSelector, 'spec.resourceAttributes.fieldSelector', errors)
  fieldSelector?.requirements?.forEach((requirement, index) => {
    const path = `spec.resourceAttributes.fieldSelector.requirements[${index}]`
    if (!requirement.key) errors.push(requiredField(`${path}.key`, 'must be specified'))
    checkValues(requirement, path, errors)
  })
  checkSelector(labelSelector, 'spec.resourceAttributes.labelSelector', errors)
  labelSelector?.requirements?.forEach((requirement, index) => {
    const path = `spec.resourceAttributes.labelSelector.requirements[${index}]`
    checkValues(requirement, path, errors)
    checkQualifiedName(requirement.key ?? '', `${path}.key`, errors)
    requirement.values?.forEach((value, position) => {
      checkForm(labelValueErrors, value, `${path}.values[${position}]`, errors)
    })
  })
}

interface Selector {
  readonly rawSelector?: string
  readonly requirements?: readonly unknown[]
}

/** A selector is given as text or as requirements. */
function checkSelector(selector: Selector | undefined, path: string, errors: FieldError[]): void {
  if (!selector) return
  const { rawSelector = '', requirements = [] } = selector
  if (rawSelector !== '' && requirements.length > 0) {
    const why = 'may not specified at the same time as requirements'
    errors.push(invalidField(`${path}.rawSelector`, rawSelector, why))
  }
  if (rawSelector === '' && requirements.length === 0) {
    const why = `when ${path} is specified, requirements or rawSelector is required`
    errors.push(requiredField(`${path}.requirements`, why))
  }
}

interface Requirement {
  readonly operator?: string
  readonly values?: readonly string[]
}

/** Operators that this server does not know are let pass: the client may be newer. */
function checkValues({ operator, values = [] }: Requirement, path: string, errors: FieldError[]): void {
  const at = `${path}.values`
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    errors.push(requiredField(at, "must be specified when `operator` is 'In' or 'NotIn'"))
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    errors.push(forbiddenField(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  }
}
