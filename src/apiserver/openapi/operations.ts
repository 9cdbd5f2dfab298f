import type { ResourceDefinition, Verb } from '../../api/resource-definition.ts'
import { findSchemaForKind, schemaForKind } from '../../api/schema/schema.ts'
import type { ObjectSchema } from '../../machinery/schema.ts'

/** What a path answers to one method; both dialects are written from it. */
export interface Operation {
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch'
  readonly operationId: string
  readonly action: string
  readonly groupVersionKind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly query: readonly string[]
  /** `patch`: any patch. */
  readonly body?: ObjectSchema | 'patch'
  readonly bodyRequired?: boolean
  /** Absent: a string, which is all that can be said of streams. */
  readonly answer?: ObjectSchema
  readonly codes: readonly number[]
  /** Custom resources have no protobuf form and take no strategic patches. */
  readonly isCustom: boolean
}

export interface Path {
  readonly path: string
  readonly pathParameters: readonly ('name' | 'namespace')[]
  readonly operations: readonly Operation[]
}

const listQuery = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'shardSelector',
  'timeoutSeconds',
  'watch',
]
const writeQuery = ['dryRun', 'fieldManager', 'fieldValidation']
const patchQuery = [...writeQuery, 'force']
const deleteQuery = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
]
const deleteCollectionQuery = [
  ...new Set([...deleteQuery, ...listQuery.filter((name) => name !== 'watch' && name !== 'allowWatchBookmarks')]),
].sort()

/** Every path of a resource, its subresources included. */
export function pathsOf(definition: ResourceDefinition): Path[] {
  const root =
    definition.group === '' ? `/api/${definition.version}` : `/apis/${definition.group}/${definition.version}`
  const scope = definition.namespaced ? '/namespaces/{namespace}' : ''
  const collection = `${root}${scope}/${definition.plural}`
  const inNamespace = definition.namespaced ? (['namespace'] as const) : []
  const paths: Path[] = [
    { path: collection, pathParameters: inNamespace, operations: collectionOperations(definition) },
    {
      path: `${collection}/{name}`,
      pathParameters: ['name', ...inNamespace],
      operations: objectOperations(definition),
    },
    ...subresourcePaths(definition, `${collection}/{name}`),
  ]
  if (definition.namespaced && definition.verbs.includes('list')) {
    const list = operation(definition, 'list', { suffix: 'ForAllNamespaces', scoped: false })
    paths.push({ path: `${root}/${definition.plural}`, pathParameters: [], operations: [list] })
  }
  return paths.filter(({ operations }) => operations.length > 0)
}

function collectionOperations(definition: ResourceDefinition): Operation[] {
  const verbs = (['list', 'create', 'deletecollection'] as const).filter((verb) => definition.verbs.includes(verb))
  return verbs.map((verb) => operation(definition, verb))
}

function objectOperations(definition: ResourceDefinition): Operation[] {
  const verbs = (['get', 'update', 'delete', 'patch'] as const).filter((verb) => definition.verbs.includes(verb))
  return verbs.map((verb) => operation(definition, verb))
}

function subresourcePaths(definition: ResourceDefinition, object: string): Path[] {
  return Object.entries(definition.subresources ?? {}).map(([name, subresource]) => {
    if (subresource.kind === 'handler' && subresource.serves?.kind.endsWith('Options'))
      return connectPath(definition, {
        name,
        path: `${object}/${name}`,
        verbs: subresource.verbs,
        kind: subresource.serves.kind,
      })
    const verbs = subresource.kind === 'scale' ? (['get', 'update', 'patch'] as const) : subresource.verbs
    const served =
      subresource.kind === 'scale'
        ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
        : subresource.kind === 'handler'
          ? subresource.serves
          : undefined
    const schema = served === undefined ? definition.schema : findSchemaForKind(served)
    const target = { ...definition, ...served, schema: schema ?? definition.schema, place: definition }
    const options = { suffix: upperFirst(name) }
    return {
      path: `${object}/${name}`,
      pathParameters: definition.namespaced ? ['name', 'namespace'] : ['name'],
      operations: verbs.filter(isObjectVerb).map((verb) => operation(target, verb, options)),
    }
  })
}

/** Subresources that open a connection (exec, proxy…): whatever the method, the operation is `connect`. */
function connectPath(
  definition: ResourceDefinition,
  target: { name: string; path: string; verbs: readonly Verb[]; kind: string },
): Path {
  const { group, version, namespaced } = definition
  const operations = target.verbs.filter(isObjectVerb).map((verb): Operation => {
    const { method } = verbFacts[verb]
    const scope = namespaced ? 'Namespaced' : ''
    return {
      method,
      operationId: `connect${groupVersionName(definition)}${upperFirst(method)}${scope}${definition.kind}${upperFirst(target.name)}`,
      action: 'connect',
      groupVersionKind: { group, version, kind: target.kind },
      query: [],
      codes: [200],
      isCustom: false,
    }
  })
  return { path: target.path, pathParameters: namespaced ? ['name', 'namespace'] : ['name'], operations }
}

const isObjectVerb = (verb: Verb): verb is ObjectVerb =>
  verb !== 'watch' && verb !== 'list' && verb !== 'deletecollection'

type ObjectVerb = 'create' | 'get' | 'update' | 'delete' | 'patch'

interface VerbFacts extends Pick<Operation, 'method' | 'action' | 'query' | 'codes'> {
  readonly idPrefix: string
}

const verbFacts: Readonly<Record<ObjectVerb | 'list' | 'deletecollection', VerbFacts>> = {
  list: { method: 'get', action: 'list', idPrefix: 'list', query: listQuery, codes: [200] },
  create: { method: 'post', action: 'post', idPrefix: 'create', query: writeQuery, codes: [200, 201, 202] },
  deletecollection: {
    method: 'delete',
    action: 'deletecollection',
    idPrefix: 'delete',
    query: deleteCollectionQuery,
    codes: [200],
  },
  get: { method: 'get', action: 'get', idPrefix: 'read', query: [], codes: [200] },
  update: { method: 'put', action: 'put', idPrefix: 'replace', query: writeQuery, codes: [200, 201] },
  delete: { method: 'delete', action: 'delete', idPrefix: 'delete', query: deleteQuery, codes: [200, 202] },
  patch: { method: 'patch', action: 'patch', idPrefix: 'patch', query: patchQuery, codes: [200, 201] },
}

/** `place` is the resource itself where the definition is that of a subresource. */
type Target = ResourceDefinition & { readonly place?: ResourceDefinition }

function operation(
  definition: Target,
  verb: ObjectVerb | 'list' | 'deletecollection',
  { suffix = '', scoped = true }: { suffix?: string; scoped?: boolean } = {},
): Operation {
  const { idPrefix, ...facts } = verbFacts[verb]
  const place = definition.place ?? definition
  const scope = place.namespaced && scoped ? 'Namespaced' : ''
  const collection = verb === 'deletecollection' ? 'Collection' : ''
  const { group, version, kind } = definition
  return {
    ...facts,
    operationId: `${idPrefix}${groupVersionName(place)}${collection}${scope}${place.kind}${suffix}`,
    groupVersionKind: { group, version, kind },
    isCustom: definition.custom !== undefined,
    ...bodyOf(verb, definition),
    answer: answerOf(verb, definition),
  }
}

function bodyOf(verb: string, { schema }: ResourceDefinition): Pick<Operation, 'body' | 'bodyRequired'> {
  if (verb === 'create' || verb === 'update') return { body: schema, bodyRequired: true }
  if (verb === 'patch') return { body: 'patch', bodyRequired: true }
  return verb === 'delete' || verb === 'deletecollection' ? { body: metaSchema('DeleteOptions') } : {}
}

function answerOf(verb: string, definition: ResourceDefinition): ObjectSchema {
  if (verb === 'list') return listSchema(definition)
  return verb === 'delete' || verb === 'deletecollection' ? metaSchema('Status') : definition.schema
}

const metaSchema = (kind: string) => schemaForKind({ group: '', version: 'v1', kind })

/** The list type of a built-in kind, or one made for a custom resource. */
function listSchema({ group, version, kind, listKind, schema }: ResourceDefinition): ObjectSchema {
  const known = findSchemaForKind({ group, version, kind: listKind })
  if (known !== undefined) return known
  const model = schemaForKind({ group: '', version: 'v1', kind: 'PartialObjectMetadataList' })
  const items = {
    name: 'items',
    required: true,
    type: { kind: 'list', items: { kind: 'object', type: schema } },
  } as const
  return {
    name: schema.name.slice(0, -kind.length) + listKind,
    fields: new Map([...model.fields, ['items', items]]),
    groupVersionKinds: [{ group, version, kind: listKind }],
  }
}

/** `apps` and `v1` → `AppsV1`; `rbac.authorization.k8s.io` → `RbacAuthorizationV1`. */
function groupVersionName({ group, version }: { group: string; version: string }): string {
  const labels = (group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')).split('.')
  return labels.map(upperFirst).join('') + upperFirst(version)
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
