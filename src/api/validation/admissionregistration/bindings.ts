import type { FieldError } from '../../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
} from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { pathSegmentName } from '../../../machinery/object-names.ts'
import type {
  MutatingAdmissionPolicyBinding,
  ParamRef,
  ValidatingAdmissionPolicyBindingSpec,
} from '../../types/admissionregistration/v1.ts'
import { checkRequiredName } from '../checks.ts'
import { checkLabelSelector } from '../label-selector.ts'
import { checkMatchResources, checkMutatingOperations } from './rules.ts'

/** After pkg/apis/admissionregistration/validation v1.36. */
export function validateValidatingAdmissionPolicyBinding({
  spec = {},
}: {
  readonly spec?: DeepReadonly<Partial<ValidatingAdmissionPolicyBindingSpec>>
}): FieldError[] {
  const errors: FieldError[] = []
  checkBinding(spec, errors)
  checkValidationActions(spec.validationActions ?? [], 'spec.validationActions', errors)
  return errors
}

export function validateMutatingAdmissionPolicyBinding({
  spec = {},
}: DeepReadonly<MutatingAdmissionPolicyBinding>): FieldError[] {
  const errors: FieldError[] = []
  checkBinding(spec, errors)
  if (spec.matchResources) checkMutatingOperations(spec.matchResources, 'spec.matchResources', errors)
  return errors
}

type BindingSpec = NonNullable<DeepReadonly<MutatingAdmissionPolicyBinding>['spec']>

function checkBinding({ policyName, paramRef, matchResources }: BindingSpec, errors: FieldError[]): void {
  checkRequiredName(policyName, 'spec.policyName', errors)
  if (paramRef) checkParamRef(paramRef, 'spec.paramRef', errors)
  if (matchResources) checkMatchResources(matchResources, 'spec.matchResources', errors)
}

const notFoundActions = ['Deny', 'Allow']

function checkParamRef(
  { name = '', selector, parameterNotFoundAction: action = '' }: DeepReadonly<ParamRef>,
  path: string,
  errors: FieldError[],
): void {
  const exclusive = 'name and selector are mutually exclusive'
  if (name !== '') {
    for (const why of pathSegmentName(name, false)) errors.push(invalidField(`${path}.name`, name, why))
    if (selector) errors.push(forbiddenField(`${path}.name`, exclusive))
  }
  if (selector) {
    checkLabelSelector(selector, `${path}.selector`, errors)
    if (name !== '') errors.push(forbiddenField(`${path}.selector`, exclusive))
  }
  if (name === '' && !selector) errors.push(requiredField(path, 'one of name or selector must be specified'))
  if (action === '') errors.push(requiredField(`${path}.parameterNotFoundAction`))
  else if (!notFoundActions.includes(action)) {
    errors.push(notSupportedField(`${path}.parameterNotFoundAction`, action, notFoundActions))
  }
}

const validationActions = ['Audit', 'Deny', 'Warn']

function checkValidationActions(actions: readonly string[], path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  actions.forEach((action, index) => {
    const at = `${path}[${index}]`
    if (!validationActions.includes(action)) errors.push(notSupportedField(at, action, validationActions))
    if (seen.has(action)) errors.push(duplicateField(at, action))
    seen.add(action)
  })
  if (seen.has('Deny') && seen.has('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response ' +
      'and headers serves no purpose)'
    errors.push(invalidField(path, actions, why))
  }
  if (seen.size === 0) errors.push(requiredField(path, 'at least one validation action is required'))
}
