import type { IncomingMessage } from 'node:http'
import { mastersGroup } from '../authentication/authenticator.ts'
import type { AggregatedResource } from '../discovery/remote-versions.ts'
import { documentOfGroupVersion } from '../openapi/remote-documents.ts'
import type { OpenApiNode } from '../openapi/schemas.ts'
import type { UserInfo } from '../request.ts'
import { toAggregatedResources } from './legacy-discovery.ts'
import { readAnswer } from './read-answer.ts'
import type { RemoteApi } from './remote-api.ts'

const timeoutMs = 5_000
/** Describing an API takes longer than listing it. After kube-aggregator openapi downloader. */
const documentTimeoutMs = 60_000
const maxDocumentBytes = 64 * 1024 * 1024

const acceptAggregated = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',')

const administrator: UserInfo = { name: 'system:kube-aggregator', groups: [mastersGroup], extra: {} }
const documentReader: UserInfo = { name: 'system:aggregator', groups: [], extra: {} }

interface GroupDiscoveryList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly { readonly version: string; readonly resources?: readonly AggregatedResource[] }[]
  }[]
}

/**
 * What a server says it serves of its group-version: by the aggregated document, or by the plain one of servers that
 * have no other. Throws when it does not answer. After kube-aggregator apiserver/handler_discovery.go v1.36.
 */
export async function fetchResources(api: RemoteApi): Promise<readonly AggregatedResource[]> {
  const aggregated = await get(api, { path: '/apis', accept: acceptAggregated, user: administrator, timeoutMs })
  if (aggregated.status === 503) throw new Error('the service is unavailable')
  if (aggregated.status === 200 && isAggregated(aggregated.contentType)) {
    const { items = [] } = JSON.parse(aggregated.body.toString()) as GroupDiscoveryList
    const versions = items.find(({ metadata }) => metadata?.name === api.group)?.versions ?? []
    return versions.find(({ version }) => version === api.version)?.resources?.map(withKinds) ?? []
  }
  const path = `/apis/${api.group}/${api.version}`
  const plain = await get(api, { path, accept: 'application/json', user: administrator, timeoutMs })
  if (plain.status !== 200) throw new Error(`failed to download legacy discovery for ${path}: status ${plain.status}`)
  const { resources = [] } = JSON.parse(plain.body.toString()) as {
    resources?: Parameters<typeof toAggregatedResources>[0]
  }
  return toAggregatedResources(resources)
}

function isAggregated(contentType: string): boolean {
  return contentType.includes('as=APIGroupDiscoveryList') && contentType.includes('g=apidiscovery.k8s.io')
}

/** Clients of old versions fall over a resource without a kind. */
function withKinds(resource: AggregatedResource): AggregatedResource {
  const empty = { group: '', version: '', kind: '' }
  const subresources = resource.subresources as readonly AggregatedResource[] | undefined
  return {
    ...resource,
    responseKind: resource.responseKind ?? empty,
    ...(subresources && {
      subresources: subresources.map((each) => ({ ...each, responseKind: each.responseKind ?? empty })),
    }),
  }
}

/** The OpenAPI v2 document of its group-version; undefined when it has none. */
export async function fetchDocumentV2(api: RemoteApi): Promise<OpenApiNode | undefined> {
  const { status, body } = await getDocument(api, '/openapi/v2')
  if (status !== 200) return undefined
  return documentOfGroupVersion(JSON.parse(body.toString()) as OpenApiNode, api.group, api.version)
}

/** The OpenAPI v3 document of its group-version; undefined when it has none. */
export async function fetchDocumentV3(api: RemoteApi): Promise<Uint8Array | undefined> {
  const index = await getDocument(api, '/openapi/v3')
  if (index.status !== 200) return undefined
  const { paths = {} } = JSON.parse(index.body.toString()) as { paths?: Record<string, { serverRelativeURL?: string }> }
  const url = paths[`apis/${api.group}/${api.version}`]?.serverRelativeURL
  if (!url?.startsWith('/')) return undefined
  const document = await getDocument(api, url)
  return document.status === 200 ? document.body : undefined
}

function getDocument(api: RemoteApi, path: string): Promise<Fetched> {
  return get(api, { path, accept: 'application/json', user: documentReader, timeoutMs: documentTimeoutMs })
}

interface Fetched {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

async function get(
  api: RemoteApi,
  { path, accept, user, timeoutMs }: { path: string; accept: string; user: UserInfo; timeoutMs: number },
): Promise<Fetched> {
  const headers = ['Accept', accept]
  const answer: IncomingMessage = await api.request({ method: 'GET', path, headers, user, timeoutMs })
  const { statusCode: status = 0, headers: answered } = answer
  return { status, contentType: answered['content-type'] ?? '', body: await readAnswer(answer, maxDocumentBytes) }
}
