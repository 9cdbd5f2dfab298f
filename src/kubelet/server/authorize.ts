import type { KubeletUser } from './authenticate.ts'

/** What a request to the kubelet needs leave for: a verb on a subresource of its own Node. */
export interface KubeletAttributes {
  readonly user: KubeletUser
  readonly verb: string
  readonly nodeName: string
  readonly subresource: string
}

/** Asks the API server (SubjectAccessReview), or decides by itself. Throws when it cannot be asked. */
export type AuthorizeKubelet = (attributes: KubeletAttributes) => Promise<boolean>

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** The subresources of which one must be allowed, by the path's beginning. After kubelet/server auth.go v1.36. */
const subresourcesByPath: readonly { readonly path: string; readonly subresources: readonly string[] }[] = [
  { path: '/pods', subresources: ['pods', 'proxy'] },
  { path: '/runningpods', subresources: ['pods', 'proxy'] },
  { path: '/healthz', subresources: ['healthz', 'proxy'] },
  { path: '/stats', subresources: ['stats'] },
  { path: '/metrics', subresources: ['metrics'] },
]

/** The subresources of `nodes` that open `path`; any one of them is enough. */
export function subresourcesOf(path: string): readonly string[] {
  const match = subresourcesByPath.find((entry) => path === entry.path || path.startsWith(`${entry.path}/`))
  return match?.subresources ?? ['proxy']
}

/** Undefined: allowed. Otherwise upstream's refusal. Rejects when `authorize` does. */
export async function refusalOf(
  request: { readonly user: KubeletUser; readonly method: string; readonly path: string; readonly nodeName: string },
  authorize: AuthorizeKubelet,
): Promise<string | undefined> {
  const { user, method, path, nodeName } = request
  const verb = verbs[method] ?? ''
  const subresources = subresourcesOf(path)
  for (const subresource of subresources) {
    if (await authorize({ user, verb, nodeName, subresource })) return undefined
  }
  return `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`
}
