import type { ResourceDefinition, Subresource } from '../../api/resource-definition.ts'
import { badRequest, notFound, qualifiedResource } from '../../machinery/errors.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { StatusError } from '../../machinery/status.ts'
import { pageNotFound } from '../non-resource.ts'
import type { Answer } from '../request.ts'
import { type ResourceRequest, resourceName } from './resource-request.ts'

/**
 * What a request for a custom resource gets that no verb answers; `undefined` when one does. Upstream routes these
 * requests by itself, with words of its own. After apiextensions-apiserver customresource_handler.go ServeHTTP v1.36.
 */
export function customRefusal(request: ResourceRequest): Answer | undefined {
  const { definition, context, namespace, name, subresource } = request
  const { verb } = context.info
  if (definition.namespaced && namespace === '' && verb !== 'list' && verb !== 'watch') return pageNotFound
  const served = subresource === '' ? undefined : getOwn(definition.subresources, subresource)
  if (subresource !== '' && !served) throw notFound(resourceName(definition), name)
  const verbs: readonly string[] = served ? partVerbs(served) : definition.verbs
  if (!verbs.includes(verb)) throw notSupported(definition, verb)
  if (name === '' && ofOneObject.has(verb)) throw badRequest('name must be provided')
  return undefined
}

const ofOneObject: ReadonlySet<string> = new Set(['get', 'update', 'patch', 'delete'])

function partVerbs(subresource: Subresource): readonly string[] {
  return 'verbs' in subresource ? subresource.verbs : ['get', 'update', 'patch']
}

function notSupported(definition: ResourceDefinition, verb: string): StatusError {
  const { group, resource } = resourceName(definition)
  const kind = JSON.stringify(qualifiedResource({ group, resource }))
  return new StatusError({
    code: 405,
    reason: 'MethodNotAllowed',
    message: `${verb} is not supported on resources of kind ${kind}`,
    details: { group, kind: resource },
  })
}
