import type {
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
} from '../../api/types/authorization/v1.ts'
import { type FieldRequirement, formatFieldSelector, parseFieldSelector } from '../../machinery/field-selectors.ts'
import { parseLabelSelector } from '../../machinery/label-selector-parser.ts'
import {
  formatLabelSelector,
  type LabelOperator,
  type LabelRequirement,
  labelRequirement,
  SelectorError,
} from '../../machinery/selectors.ts'
import type { UserInfo } from '../request.ts'
import type { AuthorizationAttributes } from './authorizer.ts'

export type AccessSpec = NonNullable<SubjectAccessReview['spec']> | NonNullable<SelfSubjectAccessReview['spec']>

/** What a review asks about, and which of its selectors make no sense: the decision is made without those. */
export interface AskedAccess {
  readonly attributes: AuthorizationAttributes
  readonly errors: readonly string[]
}

/** After kubernetes pkg/registry/authorization/util/helpers.go v1.36. */
export function askedAccess({ resourceAttributes, nonResourceAttributes }: AccessSpec, user: UserInfo): AskedAccess {
  const nothing = { group: '', resource: '', subresource: '', name: '', namespace: '', path: '' }
  if (!resourceAttributes) {
    const { path = '', verb = '' } = nonResourceAttributes ?? {}
    return { attributes: { ...nothing, version: '', user, verb, path, isResourceRequest: false }, errors: [] }
  }
  const { fieldSelector, labelSelector, version, verb = '', ...named }: ResourceAttributes = resourceAttributes
  const fields = readSelector(fieldSelector, parseFieldSelector, toFieldRequirement)
  const labels = readSelector(labelSelector, parseLabelSelector, toLabelRequirement)
  const attributes = {
    ...nothing,
    ...named,
    version: version || '*',
    verb,
    user,
    isResourceRequest: true,
    ...(fields.requirements.length > 0 && { fieldSelector: formatFieldSelector(fields.requirements) }),
    ...(labels.requirements.length > 0 && { labelSelector: formatLabelSelector(labels.requirements) }),
  }
  return { attributes, errors: [...ignored('fieldSelector', fields), ...ignored('labelSelector', labels)] }
}

interface Selector {
  readonly rawSelector?: string
  readonly requirements?: readonly Requirement[]
}

interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values?: readonly string[]
}

interface ReadSelector<T> {
  readonly requirements: readonly T[]
  readonly failed: boolean
}

/** A requirement that says nothing understandable throws a SelectorError, as a text does. */
function readSelector<T>(
  { rawSelector = '', requirements = [] }: Selector = {},
  parse: (text: string) => T[],
  convert: (requirement: Requirement) => T,
): ReadSelector<T> {
  if (requirements.length === 0) {
    const parsed = rawSelector === '' ? [] : attempt(() => parse(rawSelector))
    return { requirements: parsed ?? [], failed: parsed === undefined }
  }
  const converted = requirements.map((requirement) => attempt(() => convert(requirement)))
  return {
    requirements: converted.filter((requirement) => requirement !== undefined),
    failed: converted.includes(undefined),
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    return undefined
  }
}

function ignored(name: string, { requirements, failed }: ReadSelector<unknown>): string[] {
  if (!failed) return []
  const extent = requirements.length > 0 ? 'partially ignored' : 'ignored'
  return [`spec.resourceAttributes.${name} ${extent} due to parse error`]
}

const fieldOperators: Readonly<Record<string, FieldRequirement['operator']>> = { In: '=', NotIn: '!=' }

function toFieldRequirement({ key, operator, values = [] }: Requirement): FieldRequirement {
  const known = fieldOperators[operator]
  if (!known) throw new SelectorError(`fieldSelectors do not yet support ${operator}`)
  if (values.length !== 1) throw new SelectorError('fieldSelectors must have one value')
  return { field: key, operator: known, value: values[0]! }
}

const labelOperators: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
}

function toLabelRequirement({ key, operator, values = [] }: Requirement): LabelRequirement {
  const known = labelOperators[operator]
  if (!known) throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`)
  return labelRequirement(key, known, values)
}
