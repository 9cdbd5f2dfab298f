import { assertRouted, everyEncoding, hasCustomForm, mediaTypes, negotiate, noneAcceptable } from './http/negotiate.ts'
import type { ResourceRegistry } from './registry.ts'
import type { RequestInfo, Step } from './request.ts'
import { isKnownForm } from './rest/response-form.ts'

/** These answer in forms of their own, whatever is accepted. */
const ownForms: ReadonlySet<string> = new Set(['proxy', 'exec', 'attach', 'portforward', 'log'])

/** What everybody sends, let through without a closer look. */
const plain: ReadonlySet<string> = new Set(['application/json', '*/*', 'application/vnd.kubernetes.protobuf'])

/** Reviews are questions, and have no columns. */
const groupsWithoutTables: ReadonlySet<string> = new Set(['authentication.k8s.io', 'authorization.k8s.io'])

/** What a path can answer in at all; the same list for one object, a longer one for collections. */
const objectTypes = Object.values(mediaTypes)
const collectionTypes = [...objectTypes, `${mediaTypes.json};stream=watch`, `${mediaTypes.protobuf};stream=watch`]

/**
 * Refuses with 406, before anything is done, a client that would not take the answer: first, as upstream's router does,
 * one that names no type of the path, then one that wants it in a form there is not.
 */
export function requireAcceptable(registry: ResourceRegistry): Step {
  return async (context, next) => {
    const { isResourceRequest, group, version, resource, subresource } = context.info
    if (!isResourceRequest || ownForms.has(subresource)) return next(context)
    const isCustom = registry.lookup(group, version, resource)?.custom !== undefined
    if (isCustom) context.withoutProtobuf = true
    const accept = context.headers.get('accept')
    if (!accept || (plain.has(accept) && !(isCustom && accept === mediaTypes.protobuf))) return next(context)
    assertAcceptable(accept, context.info, isCustom)
    return next(context)
  }
}

function assertAcceptable(accept: string, { verb, group }: RequestInfo, isCustom: boolean): void {
  // Custom resources are not behind the router.
  if (!isCustom) assertRouted(accept, verb === 'list' || verb === 'watch' ? collectionTypes : objectTypes)
  const streaming = verb === 'watch' && !isCustom
  // YAML has no form in which one document follows another on a stream.
  const encodings = streaming ? everyEncoding.filter((encoding) => encoding !== 'yaml') : everyEncoding
  const found = negotiate(accept, encodings, (parameters, encoding) => {
    const { as, stream = '' } = parameters
    if (as === 'Table' && groupsWithoutTables.has(group)) return false
    if (isCustom && !hasCustomForm(parameters, encoding)) return false
    return isKnownForm(parameters, encoding) && (stream === '' || stream === 'watch')
  })
  if (!found) throw noneAcceptable(encodings, streaming)
}
