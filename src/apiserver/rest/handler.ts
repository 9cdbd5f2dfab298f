import type { ResourceDefinition, Subresource, Verb } from '../../api/resource-definition.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { pageNotFound } from '../non-resource.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { Answer, Handler, RequestInfo } from '../request.ts'
import { methodNotAllowed, noSuchResource } from '../route-errors.ts'
import { create } from './create.ts'
import { customRefusal } from './custom-routes.ts'
import { remove } from './delete.ts'
import { removeCollection } from './delete-collection.ts'
import { get } from './get.ts'
import { list } from './list.ts'
import { patch } from './patch.ts'
import { put } from './put.ts'
import type { ResourceRequest, RestServices } from './resource-request.ts'
import { scaleVerbs } from './scale.ts'
import { subresourceHandlers as ownSubresources } from './subresources/all.ts'
import { createBinding } from './subresources/binding.ts'
import type { SubresourceHandler } from './subresources/handler.ts'
import { watch } from './watch.ts'

export interface RestHandlerOptions extends RestServices {
  /** Beside those of `subresources/all.ts`: `serviceaccounts/token`, `pods/log`…, the group before it where there is one: `apps/deployments/x`. */
  readonly subresourceHandlers: Readonly<Record<string, SubresourceHandler>>
}

type VerbHandler = (request: ResourceRequest) => Promise<Answer>

const verbs: Readonly<Record<Verb, VerbHandler>> = {
  get,
  list,
  watch,
  create,
  update: (request) => put(request, request.definition.strategy),
  patch: (request) => patch(request, request.definition.strategy),
  delete: remove,
  deletecollection: removeCollection,
}

/** Serves every resource in the registry, built in or custom. Throws StatusErrors. */
export function createRestHandler({ subresourceHandlers, ...services }: RestHandlerOptions): Handler {
  const handlers = { ...ownSubresources(services), ...subresourceHandlers }
  return async (context) => {
    const { info } = context
    const definition = services.registry.lookup(info.group, info.version, info.resource)
    if (!definition || isMisplaced(definition, info)) return notServed(services.registry, info)
    const { namespace, name, subresource } = info
    if (definition.deprecation) context.warnings.push(definition.deprecation)
    const request: ResourceRequest = { services, context, definition, namespace, name, subresource }
    const refusal = definition.custom && customRefusal(request)
    if (refusal) return refusal
    // Routes of upstream's built-in kinds know no HEAD, but those that only pass it on.
    if (context.method === 'HEAD' && !definition.custom && subresource !== 'proxy') throw methodNotAllowed()
    if (subresource !== '') return serveSubresource(request, handlers)
    return verbHandler(request)(request)
  }
}

/** Within a group that the server has a router for, that answers; elsewhere nobody knows the path. */
function notServed(registry: ResourceRegistry, { group }: RequestInfo): Answer {
  const isBuiltIn = registry.all().some((one) => !one.custom && one.group === group)
  if (isBuiltIn) throw noSuchResource()
  return pageNotFound
}

/** A kind without namespaces that is asked for below one. The parts of a namespace itself lie there. */
function isMisplaced({ namespaced, plural }: ResourceDefinition, { namespace }: RequestInfo): boolean {
  return !namespaced && namespace !== '' && plural !== 'namespaces'
}

function verbHandler({ definition, context: { info }, namespace, name }: ResourceRequest): VerbHandler {
  const verb = info.verb as Verb
  if (definition.custom) return verbs[verb]
  if (collectionVerbs.has(verb) ? verb === 'create' && name !== '' : name === '') throw methodNotAllowed()
  if (verb === 'create' && isBindings(definition)) return createBinding
  if (!definition.verbs.includes(verb) || !isServedAt(definition, verb, namespace)) throw methodNotAllowed()
  return verbs[verb]
}

/** Of the others each is for one object. Lists and watches may be narrowed to a name by a selector. */
const collectionVerbs: ReadonlySet<string> = new Set(['create', 'list', 'watch', 'deletecollection'])

/** The older way to bind Pods: a collection that keeps nothing. */
function isBindings({ group, plural }: ResourceDefinition): boolean {
  return group === '' && plural === 'bindings'
}

/** Across namespaces, namespaced resources can only be looked at. */
function isServedAt({ namespaced }: ResourceDefinition, verb: Verb, namespace: string): boolean {
  return !namespaced || namespace !== '' || verb === 'list' || verb === 'watch'
}

async function serveSubresource(
  request: ResourceRequest,
  handlers: Readonly<Record<string, SubresourceHandler>>,
): Promise<Answer> {
  const { definition, subresource: name, namespace } = request
  const subresource = getOwn(definition.subresources, name)
  if (!subresource || (definition.namespaced && namespace === '')) throw noSuchResource()
  const handler = partHandler(subresource, request.context.info.verb)
  if (handler) return handler(request)
  const served = handlers[handlerKey(definition, name)]
  if (subresource.kind !== 'handler' || !served) throw methodNotAllowed()
  const { context } = request
  return served(context, { definition, namespace, name: request.name, subresource: name })
}

function handlerKey({ group, plural }: ResourceDefinition, subresource: string): string {
  return group === '' ? `${plural}/${subresource}` : `${group}/${plural}/${subresource}`
}

function partHandler(subresource: Subresource, verb: string): VerbHandler | undefined {
  if (subresource.kind === 'scale') return scaleVerbs(subresource.scale)[verb]
  if (subresource.kind !== 'part' || !subresource.verbs.some((served) => served === verb)) return undefined
  const { strategy } = subresource
  switch (verb) {
    case 'get':
      return get
    case 'update':
      return (request) => put(request, strategy)
    case 'patch':
      return (request) => patch(request, strategy)
    default:
      return undefined
  }
}
