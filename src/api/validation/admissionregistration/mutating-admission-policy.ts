import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, notSupportedField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { type ExpressionForm, expressionForms } from '../../admissionregistration/expression-forms.ts'
import { VariableScope } from '../../admissionregistration/expressions.ts'
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicySpec,
  Mutation,
} from '../../types/admissionregistration/v1.ts'
import { checkRequiredOneOf } from '../checks.ts'
import { checkExpression } from './expressions.ts'
import { checkConditions, checkConstraints, checkFailurePolicy, checkVariables } from './policies.ts'
import { checkMutatingOperations } from './rules.ts'

type Policy = DeepReadonly<MutatingAdmissionPolicy>

/** After pkg/apis/admissionregistration/validation v1.36. */
export function validateMutatingAdmissionPolicy(policy: Policy): FieldError[] {
  return checkPolicy(policy, undefined)
}

export function validateMutatingAdmissionPolicyUpdate(policy: Policy, old: Policy): FieldError[] {
  return checkPolicy(policy, old.spec ?? {})
}

type Spec = DeepReadonly<MutatingAdmissionPolicySpec>

function checkPolicy({ spec = {} }: Policy, old: Spec | undefined): FieldError[] {
  const errors: FieldError[] = []
  checkFailurePolicy(spec, errors)
  checkConstraints(spec, errors)
  if (spec.matchConstraints) checkMutatingOperations(spec.matchConstraints, 'spec.matchConstraints', errors)
  checkConditions(spec, old, errors)
  const scope = new VariableScope({ hasParams: spec.paramKind !== undefined, isComposed: true })
  checkVariables(spec.variables, scope, errors)
  if (!spec.mutations?.length) {
    errors.push(requiredField('spec.mutations', 'mutations must contain at least one item'))
  }
  spec.mutations?.forEach((mutation, index) => {
    checkMutation(mutation, scope, `spec.mutations[${index}]`, errors)
  })
  checkRequiredOneOf(spec.reinvocationPolicy, ['IfNeeded', 'Never'], 'spec.reinvocationPolicy', errors)
  return errors
}

type PatchField = 'jsonPatch' | 'applyConfiguration'

interface PatchType {
  readonly field: PatchField
  readonly other: PatchField
  readonly form: ExpressionForm
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  ApplyConfiguration: {
    field: 'applyConfiguration',
    other: 'jsonPatch',
    form: expressionForms.applyConfiguration,
  },
  JSONPatch: { field: 'jsonPatch', other: 'applyConfiguration', form: expressionForms.jsonPatch },
}

function checkMutation(
  mutation: DeepReadonly<Mutation>,
  scope: VariableScope,
  path: string,
  errors: FieldError[],
): void {
  const { patchType = '' } = mutation
  if (patchType === '') return void errors.push(requiredField(`${path}.patchType`))
  const type = Object.hasOwn(patchTypes, patchType) ? patchTypes[patchType] : undefined
  if (!type) return void errors.push(notSupportedField(`${path}.patchType`, patchType, Object.keys(patchTypes)))
  const patch = mutation[type.field]
  const at = `${path}.${type.field}`
  if (!patch) errors.push(requiredField(at, `must be specified when patchType is ${patchType}`))
  else {
    const trimmed = (patch.expression ?? '').trim()
    if (trimmed === '') errors.push(requiredField(`${at}.expression`))
    else checkExpression(trimmed, type.form, scope.mutations, `${at}.expression`, errors)
  }
  if (mutation[type.other]) {
    const why = `must not be specified when patchType is ${patchType}`
    errors.push(invalidField(`${path}.${type.other}`, `{${type.other}}`, why))
  }
}
