import { createHash } from 'node:crypto'
import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { assertRouted, everyEncoding, mediaTypes, negotiate, noneAcceptable, parseAccept } from '../http/negotiate.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { Answer, RequestContext } from '../request.ts'
import { aggregatedList, coreVersions, groupDocument, groupList, resourceList } from './documents.ts'
import { noRemoteVersions, type RemoteVersions } from './remote-versions.ts'

/** The forms of the aggregated document, by the version a client asks for. */
const aggregatedVersions: ReadonlySet<string> = new Set(['v2', 'v2beta1'])

interface AggregatedDocument {
  readonly body: Buffer
  readonly etag: string
}

/**
 * Answers `/api`, `/apis` and what lies below them down to a version; undefined for other paths. Documents are made
 * when first asked for and again after the resources change.
 */
export function createDiscovery(
  registry: ResourceRegistry,
  serverAddress: () => string,
  remote: RemoteVersions = noRemoteVersions,
): (context: RequestContext) => Answer | undefined {
  const cache = new Map<string, unknown>()
  registry.onChange(() => cache.clear())
  remote.onChange(() => cache.clear())
  const remember = <T>(key: string, make: () => T): T => {
    const known = cache.get(key)
    if (known !== undefined) return known as T
    const made = make()
    // What is not there is not remembered, or made-up paths would fill the memory.
    if (made !== undefined) cache.set(key, made)
    return made
  }
  return (context) => {
    const parts = context.info.path.split('/').filter(Boolean)
    const [root, group, version, ...rest] = parts
    if ((root !== 'api' && root !== 'apis') || rest.length > 0) return undefined
    requirePlainForm(context, parts.length === 1)
    const definitions = registry.all()
    const served = () => [...definitions, ...remote.all()]
    if (parts.length === 1) {
      const asked = aggregatedVersion(context)
      if (asked) return aggregated({ root, version: asked, definitions, remote }, context, remember)
      const make = () => (root === 'api' ? coreVersions(serverAddress()) : groupList(served(), remote.priorityOf))
      return objectAnswer(remember<object>(root, make))
    }
    if (root === 'api') {
      return version === undefined
        ? objectAnswer(remember(`api/${group}`, () => resourceList(definitions, '', group!)))
        : undefined
    }
    const make = () =>
      version === undefined
        ? groupDocument(served(), group!, remote.priorityOf)
        : resourceList(definitions, group!, version)
    return objectAnswer(remember<object | undefined>(parts.join('/'), make))
  }
}

/** 406 for a form there is not; the aggregated one there is at the two roots alone. */
function requirePlainForm({ headers }: RequestContext, isRoot: boolean): void {
  const accept = headers.get('accept')
  assertRouted(accept, Object.values(mediaTypes))
  const found = negotiate(accept, everyEncoding, ({ as }) => {
    return as === undefined || (isRoot && as === 'APIGroupDiscoveryList')
  })
  if (!found) throw noneAcceptable(everyEncoding, false)
}

type Remember = <T>(key: string, make: () => T) => T

interface AggregatedForm {
  readonly root: 'api' | 'apis'
  readonly version: string
  readonly definitions: readonly ResourceDefinition[]
  readonly remote: RemoteVersions
}

function aggregated(form: AggregatedForm, context: RequestContext, remember: Remember): Answer {
  const { root, version, definitions, remote } = form
  const { body, etag } = remember(`aggregated/${root}/${version}`, () => {
    const served = definitions.filter(({ group }) => (group === '') === (root === 'api'))
    const others = root === 'api' ? noRemoteVersions : remote
    return documentOf(aggregatedList(served, `apidiscovery.k8s.io/${version}`, others))
  })
  const headers = {
    'content-type': `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
    etag,
    vary: 'Accept',
    'cache-control': 'public',
  }
  if (context.headers.get('if-none-match') === etag) return { kind: 'bytes', status: 304, headers, body: '' }
  return { kind: 'bytes', status: 200, headers, body }
}

/** The entity tag is a digest of the document, as upstream makes it. */
function documentOf(document: object): AggregatedDocument {
  const body = Buffer.from(`${JSON.stringify(document)}\n`)
  return { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` }
}

/** The version of the aggregated form, when the best alternative the client accepts is one we have. */
function aggregatedVersion({ headers }: RequestContext): string | undefined {
  const accept = headers.get('accept')
  if (!accept?.includes('APIGroupDiscoveryList')) return undefined
  for (const { type, subtype, parameters } of parseAccept(accept)) {
    if (type !== 'application' || subtype !== 'json') continue
    const { as, g, v } = parameters
    if (as === undefined) return undefined
    if (as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && v && aggregatedVersions.has(v)) return v
  }
  return undefined
}

function objectAnswer(document: object | undefined): Answer | undefined {
  return document && { kind: 'object', status: 200, object: document as DeepReadonly<KubeObject> }
}
