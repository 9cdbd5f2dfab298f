import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, requiredField, tooLongField } from '../../machinery/field-errors.ts'
import { patternError } from '../../machinery/label-syntax.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { IngressClass, IngressClassParametersReference } from '../types/networking/v1.ts'
import { checkImmutable, checkLabelForm, checkOneOf, checkSubdomain } from './checks.ts'
import { checkReference } from './ingress.ts'

/** After pkg/apis/networking/validation ValidateIngressClass and ValidateIngressClassUpdate v1.36. */

const maxControllerLength = 250

export function validateIngressClass({ spec }: DeepReadonly<IngressClass>): FieldError[] {
  const errors: FieldError[] = []
  const controller = spec?.controller ?? ''
  if (controller.length > maxControllerLength) errors.push(tooLongField('spec.controller', maxControllerLength))
  checkDomainPrefixedPath(controller, 'spec.controller', errors)
  if (spec?.parameters) checkParameters(spec.parameters, 'spec.parameters', errors)
  return errors
}

export function validateIngressClassUpdate(
  object: DeepReadonly<IngressClass>,
  old: DeepReadonly<IngressClass>,
): FieldError[] {
  const errors: FieldError[] = []
  const controller = object.spec?.controller ?? ''
  checkImmutable(controller === (old.spec?.controller ?? ''), controller, 'spec.controller', errors)
  return [...errors, ...validateIngressClass(object)]
}

const pathPattern = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const pathForm = new RegExp(`^${pathPattern}$`)

/** `acme.io/foo`. After IsDomainPrefixedPath. */
export function checkDomainPrefixedPath(text: string, at: string, errors: FieldError[]): void {
  if (text === '') return void errors.push(requiredField(at))
  const slash = text.indexOf('/')
  if (slash <= 0 || slash === text.length - 1) {
    return void errors.push(invalidField(at, text, 'must be a domain-prefixed path (such as "acme.io/foo")'))
  }
  checkSubdomain(text.slice(0, slash), at, errors)
  const rest = text.slice(slash + 1)
  if (!pathForm.test(rest)) errors.push(invalidField(at, rest, patternError('Invalid path', pathPattern, [])))
}

function checkParameters(
  parameters: DeepReadonly<IngressClassParametersReference>,
  path: string,
  errors: FieldError[],
): void {
  checkReference(parameters, path, errors)
  const { scope, namespace } = parameters
  if (scope === undefined) return void errors.push(requiredField(`${path}.scope`))
  checkOneOf(scope, ['Cluster', 'Namespace'], `${path}.scope`, errors)
  const at = `${path}.namespace`
  if (scope === 'Namespace') {
    if (namespace === undefined) errors.push(requiredField(at, "`parameters.scope` is set to 'Namespace'"))
    else checkLabelForm(namespace, at, errors)
  }
  if (scope === 'Cluster' && namespace !== undefined) {
    errors.push(forbiddenField(at, "`parameters.scope` is set to 'Cluster'"))
  }
}
