import { decodeValue } from '../machinery/decode.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { ObjectSchema } from '../machinery/schema.ts'
import type { ResourceDefinition, ScalePaths, Strategy, Subresource } from './resource-definition.ts'
import type { ResourceRef } from './resource-ref.ts'
import type { SubresourceFacts } from './schema/resource-facts.ts'
import { resourceFacts } from './schema/resources.ts'
import { schemaForKind } from './schema/schema.ts'
import { onlyFields, withoutStatus } from './strategy.ts'
import { forPrefix, subdomainNameErrors } from './validation/formats.ts'

const subdomainName = forPrefix(subdomainNameErrors)

/** What is special about a kind. Names, scope, verbs, subresources and schema come from `api/schema`. */
export interface KindDetails<T extends KubeObject>
  extends Strategy<T>,
    Partial<
      Pick<
        ResourceDefinition<T>,
        | 'storagePrefix'
        | 'conversion'
        | 'applyDefaults'
        | 'columns'
        | 'selectableFields'
        | 'validateName'
        | 'deprecation'
      >
    > {
  /** The strategy of `/status`, beside that it writes the status alone. */
  readonly status?: Strategy<T>
  /** Nodes: a new object may bring its status along. */
  readonly keepStatusOnCreate?: boolean
  readonly scale?: ScalePaths
  /** Subresources beside status that read and write a part of the object. The rest have handlers of their own. */
  readonly parts?: Readonly<Record<string, Strategy<T>>>
}

/**
 * The definition of a built-in kind. A kind that has a status subresource gets its strategy by itself. Throws when
 * `ref` is not in the table of resources.
 */
export function define<T extends KubeObject>(ref: ResourceRef<T>, details: KindDetails<T> = {}): ResourceDefinition {
  const facts = resourceFacts(ref)
  const { storagePrefix, conversion, applyDefaults, columns, selectableFields, validateName, deprecation } = details
  let schema: ObjectSchema | undefined
  const definition: ResourceDefinition<T> = {
    group: ref.group,
    version: ref.version,
    kind: ref.kind,
    listKind: `${ref.kind}List`,
    plural: ref.plural,
    singular: facts.singular,
    shortNames: facts.shortNames,
    categories: facts.categories,
    namespaced: ref.namespaced,
    verbs: facts.verbs,
    // Made when first asked for: a server starts before most kinds are used.
    get schema() {
      schema ??= schemaForKind(ref)
      return schema
    },
    storagePrefix: storagePrefix ?? ref.plural,
    strategy: strategyOf(ref, details, 'status' in facts.subresources),
    columns: columns ?? [],
    subresources: subresourcesOf(facts.subresources, details),
    ...(conversion && { conversion }),
    ...(applyDefaults && { applyDefaults }),
    ...(selectableFields && { selectableFields }),
    ...(deprecation && { deprecation }),
    validateName: validateName ?? subdomainName,
  }
  // The handlers pass each definition only objects of its own kind.
  return definition as unknown as ResourceDefinition
}

function strategyOf<T extends KubeObject>(
  ref: ResourceRef<T>,
  details: KindDetails<T>,
  hasStatus: boolean,
): Strategy<T> {
  const {
    storagePrefix: _storagePrefix,
    conversion: _conversion,
    applyDefaults: _applyDefaults,
    columns: _columns,
    selectableFields: _selectableFields,
    validateName: _validateName,
    deprecation: _deprecation,
    status: _status,
    keepStatusOnCreate,
    scale: _scale,
    parts: _parts,
    ...strategy
  } = details
  if (!hasStatus) return strategy
  return withoutStatus(strategy, keepStatusOnCreate ? undefined : () => emptyStatus(ref))
}

/** The status a new object has: with the fields that are written even when empty, such as numbers of replicas. */
function emptyStatus(ref: ResourceRef): unknown {
  return decodeValue({ status: {} }, schemaForKind(ref)).object.status
}

function subresourcesOf<T extends KubeObject>(
  facts: Readonly<Record<string, SubresourceFacts>>,
  details: KindDetails<T>,
): Record<string, Subresource<T>> {
  return Object.fromEntries(Object.entries(facts).map(([name, each]) => [name, subresourceOf(name, each, details)]))
}

function subresourceOf<T extends KubeObject>(
  name: string,
  { kind, verbs, group = '', version = 'v1' }: SubresourceFacts,
  details: KindDetails<T>,
): Subresource<T> {
  const part = details.parts?.[name]
  if (part) return { kind: 'part', verbs, strategy: part }
  if (name === 'status') return { kind: 'part', verbs, strategy: statusStrategy(details) }
  if (name === 'scale' && details.scale) return { kind: 'scale', scale: details.scale }
  return { kind: 'handler', verbs, serves: { group, version, kind } }
}

function statusStrategy<T extends KubeObject>(details: KindDetails<T>): Strategy<T> {
  const { allowUnconditionalUpdate } = details
  return onlyFields(['status'], {
    ...(allowUnconditionalUpdate !== undefined && { allowUnconditionalUpdate }),
    ...details.status,
  })
}
