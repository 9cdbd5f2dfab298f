import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { expressionForms } from '../../admissionregistration/expression-forms.ts'
import type { VariableScope } from '../../admissionregistration/expressions.ts'
import type { MatchCondition, MatchResources, ParamKind, Variable } from '../../types/admissionregistration/v1.ts'
import { serviceLabelErrors, subdomainNameErrors } from '../formats.ts'
import { checkMatchConditions } from './match-conditions.ts'
import { checkMatchResources, checkOptional } from './rules.ts'

/** What validating and mutating policies have in common. After pkg/apis/admissionregistration/validation v1.36. */

export interface PolicySpec {
  readonly failurePolicy?: string
  readonly paramKind?: DeepReadonly<ParamKind>
  readonly matchConstraints?: DeepReadonly<MatchResources>
  readonly matchConditions?: readonly DeepReadonly<MatchCondition>[]
}

export function checkFailurePolicy({ failurePolicy, paramKind }: PolicySpec, errors: FieldError[]): void {
  checkOptional(failurePolicy, ['Fail', 'Ignore'], 'spec.failurePolicy', errors)
  if (paramKind) checkParamKind(paramKind, 'spec.paramKind', errors)
}

/** At least one rule must be there, since it says of which types the objects are. */
export function checkConstraints({ matchConstraints }: PolicySpec, errors: FieldError[]): void {
  const path = 'spec.matchConstraints'
  if (!matchConstraints) return void errors.push(requiredField(path))
  checkMatchResources(matchConstraints, path, errors)
  if (!matchConstraints.resourceRules?.length) errors.push(requiredField(`${path}.resourceRules`))
}

/** Conditions that have been accepted once are not looked at again, unless something they depend on has changed. */
export function checkConditions(spec: PolicySpec, old: PolicySpec | undefined, errors: FieldError[]): void {
  if (old && conditionsText(spec) === conditionsText(old)) return
  const scope = { hasParams: spec.paramKind !== undefined }
  checkMatchConditions(spec.matchConditions, scope, 'spec.matchConditions', errors)
}

function conditionsText({ paramKind, matchConditions = [] }: PolicySpec): string {
  const conditions = matchConditions.map(({ name, expression }) => [name, expression])
  return JSON.stringify([paramKind?.apiVersion, paramKind?.kind, conditions])
}

function checkParamKind({ apiVersion = '', kind = '' }: DeepReadonly<ParamKind>, path: string, errors: FieldError[]) {
  if (apiVersion === '') errors.push(requiredField(`${path}.apiVersion`))
  else checkApiVersion(apiVersion, `${path}.apiVersion`, errors)
  if (kind === '') return void errors.push(requiredField(`${path}.kind`))
  const why = serviceLabelErrors(kind.toLowerCase())
  if (why.length === 0) return
  const text = `may have mixed case, but should otherwise match: ${why.join(',')}`
  errors.push(invalidField(`${path}.kind`, kind, text))
}

function checkApiVersion(apiVersion: string, path: string, errors: FieldError[]): void {
  const parts = apiVersion === '/' ? [''] : apiVersion.split('/')
  if (parts.length > 2) {
    return void errors.push(invalidField(path, apiVersion, `unexpected GroupVersion string: ${apiVersion}`))
  }
  const [group, version] = parts.length === 1 ? ['', parts[0]!] : [parts[0]!, parts[1]!]
  const groupErrors = group === '' ? [] : subdomainNameErrors(group)
  if (groupErrors.length > 0) errors.push(invalidField(path, group, groupErrors.join(',')))
  if (version === '') return void errors.push(invalidField(path, apiVersion, 'version must be specified'))
  const versionErrors = serviceLabelErrors(version)
  if (versionErrors.length > 0) errors.push(invalidField(path, version, versionErrors.join(',')))
}

const reservedIdentifiers: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return var ' +
    'void while'
  ).split(' '),
)

function isIdentifier(name: string): boolean {
  return /^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) && !reservedIdentifiers.has(name)
}

/** Each variable may use those before it. They are added to `scope`, those with errors too. */
export function checkVariables(
  variables: readonly DeepReadonly<Variable>[] = [],
  scope: VariableScope,
  errors: FieldError[],
): void {
  variables.forEach(({ name = '', expression = '' }, index) => {
    const path = `spec.variables[${index}]`
    if (name.trim() === '') errors.push(requiredField(`${path}.name`, 'name is not specified'))
    else if (!isIdentifier(name)) {
      errors.push(invalidField(`${path}.name`, name, 'must be a valid CEL identifier'))
    }
    if (expression.trim() === '') {
      errors.push(requiredField(`${path}.expression`, 'expression is not specified'))
      return
    }
    const compiled = scope.declare(name, expression, expressionForms.variable)
    if ('error' in compiled) errors.push(invalidField(`${path}.expression`, expression, compiled.error))
  })
}
