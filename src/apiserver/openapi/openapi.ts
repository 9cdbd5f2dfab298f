import { createHash } from 'node:crypto'
import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { ResourceRegistry } from '../registry.ts'
import { documentV2, documentV3 } from './documents.ts'
import { mergeDocumentsV2, noRemoteDocuments, type RemoteDocuments } from './remote-documents.ts'
import type { OpenApiNode } from './schemas.ts'
import { encodeDocumentV2 } from './v2-protobuf.ts'

/** Bytes that do not change until the resources do, and the hash that names them. */
export interface OpenApiBytes {
  readonly body: Uint8Array
  /** Upper-case hexadecimal, as upstream's ETags and URLs have it. */
  readonly hash: string
}

/** The OpenAPI documents of what is served now; made when first asked for, and anew after the resources changed. */
export interface OpenApi {
  v2(): OpenApiBytes
  /** The protobuf form of v2. */
  v2Protobuf(): OpenApiBytes
  /** The index at `/openapi/v3`. */
  v3Index(): OpenApiBytes
  /** The document of `api/v1` or `apis/apps/v1`; `undefined` when nothing is served there. */
  v3(groupVersion: string): OpenApiBytes | undefined
}

export interface OpenApiOptions {
  readonly registry: ResourceRegistry
  readonly remote?: RemoteDocuments
}

export function createOpenApi({ registry, remote = noRemoteDocuments }: OpenApiOptions): OpenApi {
  const made = new Map<string, OpenApiBytes>()
  registry.onChange(() => made.clear())
  remote.onChange(() => made.clear())
  const once = (key: string, make: () => Uint8Array): OpenApiBytes => {
    const known = made.get(key)
    if (known !== undefined) return known
    const body = make()
    const bytes = { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }
    made.set(key, bytes)
    return bytes
  }
  const v3 = (groupVersion: string) => {
    const others = remote.v3().get(groupVersion)
    if (others) return once(`v3/${groupVersion}`, () => others)
    const resources = registry.all().filter((definition) => groupVersionPath(definition) === groupVersion)
    return resources.length === 0 ? undefined : once(`v3/${groupVersion}`, () => toBytes(documentV3(resources)))
  }
  const whole = () => mergeDocumentsV2(documentV2(registry.all()), remote.v2())
  const groupVersions = () => new Set([...registry.all().map(groupVersionPath), ...remote.v3().keys()])
  return {
    v2: () => once('v2', () => toBytes(whole())),
    v2Protobuf: () => once('v2/protobuf', () => encodeDocumentV2(whole())),
    v3Index: () => once('v3', () => toBytes(index([...groupVersions()].sort(), v3))),
    v3,
  }
}

function index(groupVersions: readonly string[], v3: OpenApi['v3']): OpenApiNode {
  const entries = groupVersions.map((path) => [
    path,
    { serverRelativeURL: `/openapi/v3/${path}?hash=${v3(path)!.hash}` },
  ])
  return { paths: Object.fromEntries(entries) }
}

/** `api/v1`, `apis/apps/v1`. */
function groupVersionPath({ group, version }: ResourceDefinition): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`
}

const toBytes = (document: OpenApiNode): Uint8Array => Buffer.from(JSON.stringify(document))
