import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { badRequest } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import { type Encoding, negotiate, withoutProtobuf } from '../http/negotiate.ts'
import type { Answer, ListAnswer, RequestContext } from '../request.ts'
import { isCustom } from './protobuf.ts'
import type { ServedObject } from './stored-object.ts'
import { createTable, type IncludeObject, type Table } from './table.ts'

/** The shape in which a client wants objects: as they are, their metadata alone, or the rows kubectl prints. */
export type ResponseForm =
  | { readonly kind: 'Object' }
  | { readonly kind: 'Table'; readonly apiVersion: string; readonly includeObject: IncludeObject }
  | { readonly kind: 'PartialObjectMetadata' | 'PartialObjectMetadataList'; readonly apiVersion: string }

const asIs: ResponseForm = Object.freeze({ kind: 'Object' })
const kinds = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'] as const
const includeObjects: readonly string[] = ['Metadata', 'Object', 'None', '']

/**
 * The form of the first alternative in the Accept header that this server has. 400 for a bad `includeObject`.
 * After apiserver endpoints/handlers/rest.go AllowsMediaTypeTransform v1.36.
 */
export function responseForm({ headers, query }: RequestContext): ResponseForm {
  const accept = headers.get('accept')
  if (!accept?.includes('as=')) return asIs
  const chosen = negotiate(accept, [...withoutProtobuf, 'protobuf'], isKnownForm)
  const kind = kinds.find((name) => name === chosen?.parameters.as)
  if (!kind) return asIs
  const apiVersion = `meta.k8s.io/${chosen!.parameters.v}`
  return kind === 'Table' ? { kind, apiVersion, includeObject: includeObject(query) } : { kind, apiVersion }
}

/** Whether an alternative of the Accept header asks for the object as it is, or for a form that is made here. */
export function isKnownForm({ as, v, g }: Readonly<Record<string, string>>, encoding: Encoding): boolean {
  if (as === undefined) return true
  const known = g === 'meta.k8s.io' && (v === 'v1' || v === 'v1beta1') && kinds.some((kind) => kind === as)
  return known && (as !== 'Table' || encoding !== 'protobuf')
}

function includeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? ''
  if (includeObjects.includes(value)) return (value || 'Metadata') as IncludeObject
  const why = `includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`
  throw badRequest(`Unable to convert to Table as requested: ${why}`)
}

/** Who asks, as far as forms of answers depend on it. */
export interface FormContext {
  readonly definition: ResourceDefinition
  readonly form: ResponseForm
  readonly nowMs: number
}

/** One object in the form that was asked for. */
export function objectAnswer(served: ServedObject, status: number, context: FormContext): Answer {
  const { form, definition } = context
  if (form.kind === 'Object') return { kind: 'object', status, object: served.object, encoded: served }
  if (form.kind === 'PartialObjectMetadataList') {
    throw notAcceptable(`you requested ${form.kind}, but the requested object is not a list (${goType(definition)})`)
  }
  return { kind: 'object', status, object: transformed(served.object, context) }
}

/** A list in the form that was asked for. */
export function listAnswer(
  metadata: ListAnswer['metadata'],
  items: readonly ServedObject[],
  context: FormContext,
): Answer {
  const { form, definition, nowMs } = context
  switch (form.kind) {
    case 'Object':
      return { kind: 'list', status: 200, list: plainList(definition, metadata, items) }
    case 'Table': {
      const objects = items.map(({ object }) => object)
      return { kind: 'object', status: 200, object: createTable({ ...form, definition, objects, metadata, nowMs }) }
    }
    case 'PartialObjectMetadata':
      throw notAcceptable(`you requested ${form.kind}, but the requested object is a list (${goType(definition)}List)`)
    case 'PartialObjectMetadataList': {
      const partial = items.map(({ object }) => partialMetadata(object, form.apiVersion))
      // Upstream's empty list of these is a nil slice, unlike those of whole objects.
      const list = {
        kind: form.kind,
        apiVersion: form.apiVersion,
        metadata,
        items: partial.length > 0 ? partial : null,
      }
      return { kind: 'object', status: 200, object: list }
    }
  }
}

function plainList(
  definition: ResourceDefinition,
  metadata: ListAnswer['metadata'],
  items: readonly ServedObject[],
): ListAnswer {
  return {
    apiVersion: definition.group === '' ? definition.version : `${definition.group}/${definition.version}`,
    kind: definition.listKind,
    metadata: isCustom(definition) ? customListMetadata(metadata) : metadata,
    items: items.map((served) => ({ object: served.object, encoded: served })),
    bareItems: !isCustom(definition),
  }
}

/** Of a map, and so sorted, with a `continue` that is there also where it is empty. */
function customListMetadata({ continue: more = '', ...others }: ListAnswer['metadata']): ListAnswer['metadata'] {
  const { remainingItemCount, resourceVersion } = others
  return {
    continue: more,
    ...(remainingItemCount !== undefined && { remainingItemCount }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  }
}

/** How an event's object is to be shown; undefined when it goes as it is. */
export function eventTransform(
  context: Omit<FormContext, 'nowMs'>,
  nowMs: () => number,
): ((object: DeepReadonly<KubeObject>) => DeepReadonly<KubeObject>) | undefined {
  const { form } = context
  if (form.kind === 'Object') return undefined
  let first = true
  return (object) => {
    const shown = transformed(object, { ...context, nowMs: nowMs() })
    if (form.kind !== 'Table' || first) {
      first = false
      return shown
    }
    // The columns are the same for the whole stream, so upstream sends them with the first event only.
    return { ...(shown as Table), columnDefinitions: null } as DeepReadonly<KubeObject>
  }
}

function transformed(
  object: DeepReadonly<KubeObject>,
  { definition, form, nowMs }: FormContext,
): DeepReadonly<KubeObject> {
  if (form.kind !== 'Table') return partialMetadata(object, (form as { apiVersion: string }).apiVersion)
  const metadata = { resourceVersion: object.metadata?.resourceVersion ?? '' }
  return createTable({ ...form, definition, objects: [object], metadata, nowMs })
}

export function partialMetadata(object: DeepReadonly<KubeObject>, apiVersion: string): DeepReadonly<KubeObject> {
  return { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata ?? {} }
}

/** The Go type of a kind, which two of upstream's messages show. */
function goType(definition: ResourceDefinition): string {
  if (isCustom(definition)) return '*unstructured.Unstructured'
  return `*${definition.group === '' ? 'core' : definition.group.split('.')[0]}.${definition.kind}`
}

function notAcceptable(message: string): StatusError {
  return new StatusError({ code: 406, reason: 'NotAcceptable', message })
}
