import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { badRequest } from '../../machinery/errors.ts'
import { type FieldRequirement, matchesFields, parseFieldSelector } from '../../machinery/field-selectors.ts'
import { parseLabelSelector } from '../../machinery/label-selector-parser.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { labelMatcher, SelectorError } from '../../machinery/selectors.ts'

/** Which objects of a collection a request is about. */
export interface Selection {
  /** Everything: no selector at all. */
  readonly empty: boolean
  /** The one name that can match, where a selector asks for it. */
  readonly name: string | undefined
  readonly namespace: string | undefined
  readonly matches: (object: DeepReadonly<KubeObject>) => boolean
}

export interface Selectors {
  readonly labelSelector: string
  readonly fieldSelector: string
}

const everything: Selection = { empty: true, name: undefined, namespace: undefined, matches: () => true }

type FieldReader = (object: DeepReadonly<KubeObject>) => string

/**
 * The selectors of a request, compiled; `name` is what the URL of a watch adds. Throws 400 for a selector that cannot
 * be read or that asks for a field which the kind cannot be selected by.
 */
export function selectionOf(definition: ResourceDefinition, selectors: Selectors, name = ''): Selection {
  const { labelSelector, fieldSelector } = selectors
  if (labelSelector === '' && fieldSelector === '' && name === '') return everything
  const labels = labelSelector === '' ? undefined : labelMatcher(parsed(() => parseLabelSelector(labelSelector)))
  const requirements = fieldRequirements(fieldSelector, name)
  const matchFields = fieldMatcher(definition, requirements)
  return {
    empty: false,
    name: exactValue(requirements, 'metadata.name'),
    namespace: exactValue(requirements, 'metadata.namespace'),
    matches: (object) => (!labels || labels(object.metadata?.labels)) && (!matchFields || matchFields(object)),
  }
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw badRequest(error.message)
  }
}

function fieldRequirements(text: string, name: string): FieldRequirement[] {
  const requirements = text === '' ? [] : parsed(() => parseFieldSelector(text))
  if (name === '') return requirements
  if (requirements.length === 0) return [{ field: 'metadata.name', operator: '=', value: name }]
  if (exactValue(requirements, 'metadata.name') === name) return requirements
  throw badRequest(`fieldSelector metadata.name doesn't match requested name`)
}

function exactValue(requirements: readonly FieldRequirement[], wanted: string): string | undefined {
  return requirements.find(({ field, operator }) => field === wanted && operator === '=')?.value
}

function fieldMatcher(
  definition: ResourceDefinition,
  requirements: readonly FieldRequirement[],
): ((object: DeepReadonly<KubeObject>) => boolean) | undefined {
  if (requirements.length === 0) return undefined
  const readers = new Map(requirements.map(({ field }) => [field, fieldReader(definition, field)]))
  return (object) => matchesFields(requirements, (field) => readers.get(field)!(object))
}

function fieldReader(definition: ResourceDefinition, field: string): FieldReader {
  const reader = getOwn(definition.selectableFields, field)
  if (reader) return reader
  if (field === 'metadata.name') return (object) => object.metadata?.name ?? ''
  const hasNamespace = definition.namespaced || !definition.selectableFields
  if (field === 'metadata.namespace' && hasNamespace) return (object) => object.metadata?.namespace ?? ''
  throw badRequest(unknownField(definition, field))
}

/** Each kind with selectable fields of its own has a conversion function upstream, with words of its own. */
function unknownField({ selectableFields, kind }: ResourceDefinition, field: string): string {
  if (!selectableFields) {
    return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
  }
  if (kind === 'Job') return `field label ${JSON.stringify(field)} not supported for Job`
  return `field label not supported: ${field}`
}
