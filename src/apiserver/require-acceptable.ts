import { assertRouted, everyEncoding, mediaTypes, negotiate, noneAcceptable } from './http/negotiate.ts'
import type { Step } from './request.ts'
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
export const requireAcceptable: Step = async (context, next) => {
  const { isResourceRequest, group, subresource, verb } = context.info
  const accept = context.headers.get('accept')
  if (!accept || plain.has(accept) || !isResourceRequest || ownForms.has(subresource)) return next(context)
  assertRouted(accept, verb === 'list' || verb === 'watch' ? collectionTypes : objectTypes)
  const watching = verb === 'watch'
  // YAML has no form in which one document follows another on a stream.
  const encodings = watching ? everyEncoding.filter((encoding) => encoding !== 'yaml') : everyEncoding
  const found = negotiate(accept, encodings, (parameters, encoding) => {
    const { as, stream = '' } = parameters
    if (as === 'Table' && groupsWithoutTables.has(group)) return false
    return isKnownForm(parameters, encoding) && (stream === '' || stream === 'watch')
  })
  if (!found) throw noneAcceptable(encodings, watching)
  return next(context)
}
