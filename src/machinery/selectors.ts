import type { FieldError } from './errors.ts'
import { invalidField } from './field-errors.ts'
import { labelKeyErrors, labelValueErrors } from './label-syntax.ts'
import type { DeepReadonly } from './object.ts'

/** What labels an object must have. After apimachinery labels/selector.go and meta/v1 helpers.go v1.36. */

export type Labels = Readonly<Record<string, string>>

export type LabelMatcher = (labels: Labels | undefined) => boolean

export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

export interface LabelRequirement {
  readonly key: string
  readonly operator: LabelOperator
  readonly values: readonly string[]
}

/** meta/v1 LabelSelector, as objects carry it. */
export interface LabelSelectorTerms {
  matchLabels?: Record<string, string>
  matchExpressions?: { key: string; operator: string; values?: string[] }[]
}

/** A selector that cannot be read; the message is upstream's. The API answers it as BadRequest. */
export class SelectorError extends Error {}

const expressionOperators: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
])

/** A requirement, checked as upstream's NewRequirement does. Throws SelectorError. */
export function labelRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const errors = [...keyErrors(key), ...countErrors(operator, values), ...valueErrors(key, values)]
  if (errors.length > 0) throw new SelectorError(aggregate(errors))
  return { key, operator, values }
}

/** The requirements of a LabelSelector, sorted by key. Throws SelectorError. */
export function labelSelectorRequirements(selector: DeepReadonly<LabelSelectorTerms>): LabelRequirement[] {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => labelRequirement(key, '=', [value]))
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const known = expressionOperators.get(operator)
    if (known === undefined)
      throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`)
    return labelRequirement(key, known, values ?? [])
  })
  return sortedByKey([...labels, ...expressions])
}

/** Whether labels fit a LabelSelector: none at all selects nothing, an empty one everything. Throws SelectorError. */
export function labelSelectorMatcher(selector: DeepReadonly<LabelSelectorTerms> | undefined | null): LabelMatcher {
  if (selector === undefined || selector === null) return () => false
  return labelMatcher(labelSelectorRequirements(selector))
}

/** Whether labels fit every requirement; with none, everything fits. */
export function labelMatcher(requirements: readonly LabelRequirement[]): LabelMatcher {
  return (labels) => requirements.every((requirement) => matchesRequirement(requirement, labels))
}

export function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Labels | undefined): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
    case 'lt':
      return value !== undefined && compareIntegers(value, operator, values[0])
  }
}

/** The selector as query parameters and `status.selector` show it: `a=b,c in (d,e),!f`. */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatRequirement).join(',')
}

/** By key, as upstream keeps requirements. */
export function sortedByKey(requirements: readonly LabelRequirement[]): LabelRequirement[] {
  return [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** Upstream's text for a key that is none, without the path where a path is not known. Throws SelectorError. */
export function assertLabelKey(key: string): void {
  const errors = labelKeyErrors(key)
  if (errors.length > 0) throw new SelectorError(errorText(invalidField('<nil>', key, errors.join('; '))))
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  const list = [...values].sort().join(',')
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${list})`
    case 'gt':
      return `${key}>${list}`
    case 'lt':
      return `${key}<${list}`
    default:
      return `${key}${operator}${list}`
  }
}

const integerForm = /^[+-]?[0-9]+$/

function compareIntegers(label: string, operator: 'gt' | 'lt', bound: string | undefined): boolean {
  if (bound === undefined || !isInteger(label) || !isInteger(bound)) return false
  return operator === 'gt' ? BigInt(label) > BigInt(bound) : BigInt(label) < BigInt(bound)
}

/** What Go's ParseInt takes for 64 bits. */
function isInteger(text: string): boolean {
  if (!integerForm.test(text) || text.length > 40) return false
  const value = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, value) === value
}

function keyErrors(key: string): FieldError[] {
  const errors = labelKeyErrors(key)
  return errors.length === 0 ? [] : [invalidField('key', key, errors.join('; '))]
}

function countErrors(operator: LabelOperator, values: readonly string[]): FieldError[] {
  const wrong = (why: string) => [invalidField('values', values, why)]
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length > 0 ? [] : wrong("for 'in', 'notin' operators, values set can't be empty")
    case 'exists':
    case '!':
      return values.length === 0 ? [] : wrong('values set must be empty for exists and does not exist')
    case 'gt':
    case 'lt': {
      const why = "for 'Gt', 'Lt' operators, the value must be an integer"
      const integers = values.flatMap((value, index) =>
        isInteger(value) ? [] : [invalidField(`values[${index}]`, value, why)],
      )
      const count = values.length === 1 ? [] : wrong("for 'Gt', 'Lt' operators, exactly one value is required")
      return [...count, ...integers]
    }
    default:
      return values.length === 1 ? [] : wrong('exact-match compatibility requires one single value')
  }
}

function valueErrors(key: string, values: readonly string[]): FieldError[] {
  return values.flatMap((value, index) => {
    const errors = labelValueErrors(value)
    return errors.length === 0 ? [] : [invalidField(`values[${index}][${key}]`, value, errors.join('; '))]
  })
}

const errorText = ({ field, detail }: FieldError) => `${field}: ${detail}`

/** One error as it is, several in brackets, each text once. After field.ErrorList ToAggregate. */
function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(errorText))]
  return texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
}
