import type { SubjectAccessReviewSpec } from '../../api/types/authorization/v1.ts'
import { aggregateMessage } from '../../machinery/aggregate.ts'
import { compileCel } from '../../machinery/cel/compile.ts'
import { celEnvironment } from '../../machinery/cel/environment.ts'
import { CelRuntimeError } from '../../machinery/cel/evaluation.ts'
import type { CelProgram } from '../../machinery/cel/program.ts'
import {
  boolType,
  formatType,
  isExactType,
  listType,
  mapType,
  objectType,
  stringType,
} from '../../machinery/cel/types.ts'

/** As much as one expression may cost. After apiserver apis/cel PerCallLimit. */
const costLimit = 1_000_000

const requirementType = objectType('kubernetes.SelectorRequirement', {
  key: stringType,
  operator: stringType,
  values: listType(stringType),
})

const selectorFields = { rawSelector: stringType, requirements: listType(requirementType) }

const resourceAttributesType = objectType('kubernetes.ResourceAttributes', {
  namespace: stringType,
  verb: stringType,
  group: stringType,
  version: stringType,
  resource: stringType,
  subresource: stringType,
  name: stringType,
  fieldSelector: objectType('kubernetes.FieldSelectorAttributes', selectorFields),
  labelSelector: objectType('kubernetes.LabelSelectorAttributes', selectorFields),
})

const requestType = objectType('kubernetes.SubjectAccessReviewSpec', {
  resourceAttributes: resourceAttributesType,
  nonResourceAttributes: objectType('kubernetes.NonResourceAttributes', { path: stringType, verb: stringType }),
  user: stringType,
  groups: listType(stringType),
  extra: mapType(stringType, listType(stringType)),
  uid: stringType,
})

/** An expression over `request`, the spec of a SubjectAccessReview, ready to run. */
export interface MatchCondition {
  readonly expression: string
  readonly program: CelProgram
}

/** The condition, or what is wrong with it. After apiserver authorization/cel/compile.go v1.36. */
export function compileMatchCondition(expression: string): MatchCondition | { readonly error: string } {
  const outcome = compileCel(celEnvironment({ variables: { request: requestType } }), expression)
  if ('errors' in outcome) {
    return {
      error: `${outcome.stage === 'program' ? 'program instantiation' : 'compilation'} failed: ${outcome.errors}`,
    }
  }
  const { program } = outcome
  if (isExactType(program.type, boolType)) return { expression, program }
  return { error: `must evaluate to bool but got ${formatType(program.type)}` }
}

/**
 * Whether all hold. One that is false settles it, whatever goes wrong with others before it.
 * After apiserver authorization/cel/matcher.go v1.36.
 */
export function evaluateMatchConditions(
  conditions: readonly MatchCondition[],
  spec: SubjectAccessReviewSpec,
): boolean | { readonly error: string } {
  const request = completeSpec(spec)
  const errors: string[] = []
  for (const { expression, program } of conditions) {
    try {
      if (program.evaluate({ request }, { costLimit }).value === false) return false
    } catch (error) {
      if (!(error instanceof CelRuntimeError)) throw error
      errors.push(`cel evaluation error: expression '${expression}' resulted in error: ${error.message}`)
    }
  }
  return errors.length === 0 || { error: aggregateMessage(errors) }
}

const noResourceAttributes = {
  namespace: '',
  verb: '',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  name: '',
}

/** Expressions may look at every text without asking first whether it is there. */
function completeSpec(spec: SubjectAccessReviewSpec): object {
  const { resourceAttributes, nonResourceAttributes } = spec
  return {
    user: '',
    groups: [],
    uid: '',
    extra: {},
    ...spec,
    ...(resourceAttributes && { resourceAttributes: { ...noResourceAttributes, ...resourceAttributes } }),
    ...(nonResourceAttributes && { nonResourceAttributes: { path: '', verb: '', ...nonResourceAttributes } }),
  }
}
