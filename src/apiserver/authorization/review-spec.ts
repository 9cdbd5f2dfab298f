import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  SubjectAccessReviewSpec,
} from '../../api/types/authorization/v1.ts'
import { type FieldRequirement, parseFieldSelector } from '../../machinery/field-selectors.ts'
import { parseLabelSelector } from '../../machinery/label-selector-parser.ts'
import { type LabelOperator, type LabelRequirement, SelectorError } from '../../machinery/selectors.ts'
import type { AuthorizationAttributes } from './authorizer.ts'

type FieldTerm = NonNullable<FieldSelectorAttributes['requirements']>[number]
type LabelTerm = NonNullable<LabelSelectorAttributes['requirements']>[number]

/**
 * What is asked, as somebody else is asked it: without what is empty.
 * After apiserver plugin/pkg/authorizer/webhook resourceAttributesFrom v1.36.
 */
export function reviewSpecOf(attributes: AuthorizationAttributes): SubjectAccessReviewSpec {
  const { user, isResourceRequest, path, verb } = attributes
  const { name, uid, groups, extra } = user
  return {
    ...(isResourceRequest
      ? { resourceAttributes: resourceAttributesOf(attributes) }
      : { nonResourceAttributes: withoutEmpty({ path, verb }) }),
    ...withoutEmpty({ user: name }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(Object.keys(extra).length > 0 && {
      extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
    }),
    ...withoutEmpty({ uid: uid ?? '' }),
  }
}

function resourceAttributesOf(
  attributes: AuthorizationAttributes,
): NonNullable<SubjectAccessReviewSpec['resourceAttributes']> {
  const { namespace, verb, group, version, resource, subresource, name } = attributes
  const fields = readable(attributes.fieldSelector, parseFieldSelector).map(fieldTerm)
  const labels = readable(attributes.labelSelector, parseLabelSelector).flatMap(labelTerm)
  return {
    ...withoutEmpty({ namespace, verb, group, version, resource, subresource, name }),
    ...(fields.length > 0 && { fieldSelector: { requirements: fields } }),
    ...(labels.length > 0 && { labelSelector: { requirements: labels } }),
  }
}

function withoutEmpty<T extends Readonly<Record<string, string>>>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')) as Partial<T>
}

/** A selector that makes no sense narrows nothing: the wider question is asked, and the request fails later. */
function readable<T>(selector: string | undefined, parse: (text: string) => T[]): T[] {
  if (!selector) return []
  try {
    return parse(selector)
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    return []
  }
}

function fieldTerm({ field, operator, value }: FieldRequirement): FieldTerm {
  return { key: field, operator: operator === '=' ? 'In' : 'NotIn', values: [value] }
}

const labelOperators: Partial<Record<LabelOperator, string>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

/** Comparisons (`gt`, `lt`) cannot be told, and are left out: what is left asks for more, never for less. */
function labelTerm({ key, operator, values }: LabelRequirement): LabelTerm[] {
  const known = labelOperators[operator]
  return known === undefined ? [] : [{ key, operator: known, ...(values.length > 0 && { values: [...values] }) }]
}
