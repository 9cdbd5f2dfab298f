import { everyEncoding, negotiate, noneAcceptable } from './http/negotiate.ts'
import type { Step } from './request.ts'

/** These answer in forms of their own, whatever is accepted. */
const ownForms: ReadonlySet<string> = new Set(['proxy', 'exec', 'attach', 'portforward', 'log'])

/** What everybody sends, let through without a closer look. */
const plain: ReadonlySet<string> = new Set(['application/json', '*/*', 'application/vnd.kubernetes.protobuf'])

const transforms: ReadonlySet<string> = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])

/** Refuses with 406, before anything is done, a client that would not take the answer. */
export const requireAcceptable: Step = async (context, next) => {
  const { isResourceRequest, subresource, verb } = context.info
  const accept = context.headers.get('accept')
  if (!accept || plain.has(accept) || !isResourceRequest || ownForms.has(subresource)) return next(context)
  const watching = verb === 'watch'
  // YAML has no form in which one document follows another on a stream.
  const encodings = watching ? everyEncoding.filter((encoding) => encoding !== 'yaml') : everyEncoding
  const found = negotiate(accept, encodings, ({ as, stream }) => {
    return (as === undefined || transforms.has(as)) && (stream === undefined || stream === '' || stream === 'watch')
  })
  if (!found) throw noneAcceptable(encodings, watching)
  return next(context)
}
