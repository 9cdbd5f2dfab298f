import type { KubeObject } from '../machinery/object.ts'

/** Names a kind for clients, and carries its type: `client.of(pods).get(…)` answers a Pod. See `api/types/resources.ts`. */
export interface ResourceRef<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Never there at run time: ties the TypeScript type to the value. */
  readonly type?: T
}

/** `/api/v1/namespaces/ns/pods/name/status`: the path of a collection, an object or a subresource. */
export function resourcePath(
  ref: ResourceRef,
  target: { namespace?: string | undefined; name?: string | undefined; subresource?: string | undefined } = {},
): string {
  let path = ref.group === '' ? `/api/${ref.version}` : `/apis/${ref.group}/${ref.version}`
  if (ref.namespaced && target.namespace) path += `/namespaces/${encodeURIComponent(target.namespace)}`
  path += `/${ref.plural}`
  if (target.name) path += `/${encodeURIComponent(target.name)}`
  if (target.subresource) path += `/${target.subresource}`
  return path
}
