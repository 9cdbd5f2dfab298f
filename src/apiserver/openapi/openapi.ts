import { createHash } from 'node:crypto'
import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { ResourceRegistry } from '../registry.ts'
import { documentV2, documentV3 } from './documents.ts'
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

export function createOpenApi({ registry }: { registry: ResourceRegistry }): OpenApi {
  const made = new Map<string, OpenApiBytes>()
  registry.onChange(() => made.clear())
  const once = (key: string, make: () => Uint8Array): OpenApiBytes => {
    const known = made.get(key)
    if (known !== undefined) return known
    const body = make()
    const bytes = { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }
    made.set(key, bytes)
    return bytes
  }
  const v3 = (groupVersion: string) => {
    const resources = registry.all().filter((definition) => groupVersionPath(definition) === groupVersion)
    return resources.length === 0 ? undefined : once(`v3/${groupVersion}`, () => toBytes(documentV3(resources)))
  }
  return {
    v2: () => once('v2', () => toBytes(documentV2(registry.all()))),
    v2Protobuf: () => once('v2/protobuf', () => encodeDocumentV2(documentV2(registry.all()))),
    v3Index: () => once('v3', () => toBytes(index(registry, v3))),
    v3,
  }
}

function index(registry: ResourceRegistry, v3: OpenApi['v3']): OpenApiNode {
  const groupVersions = [...new Set(registry.all().map(groupVersionPath))].sort()
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
