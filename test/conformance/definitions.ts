import type { ResourceRef } from '../../src/api/resource-ref.ts'
import type { CustomResourceDefinition, JSONSchemaProps } from '../../src/api/types/apiextensions/v1.ts'
import { customResourceDefinitions } from '../../src/api/types/resources.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { until } from '../support/processes.ts'
import type { Api } from './api.ts'

/** A custom object: whatever its schema lets it have. */
export interface Custom extends KubeObject {
  [field: string]: unknown
}

export interface Definition {
  readonly name: string
  readonly group: string
  readonly kind: string
  readonly plural: string
  /** The resource in one of its versions; the first one if not given. */
  resource(version?: string): ResourceRef<Custom>
  /** How OpenAPI v2 calls the type of one of its versions. */
  typeName(version?: string): string
}

export interface DefinitionOptions {
  readonly group?: string
  readonly versions?: readonly string[]
  readonly namespaced?: boolean
  /** Anything goes, if not given. */
  readonly schema?: JSONSchemaProps
  /** More of the first version. */
  readonly more?: Partial<NonNullable<CustomResourceDefinition['spec']>['versions'][number]>
  readonly labels?: Record<string, string>
}

export const anything: JSONSchemaProps = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** Creates a definition with names of its own and waits until its first version is served. */
export async function define(api: Api, options: DefinitionOptions = {}): Promise<Definition> {
  const base = api.name('e2e-test').replaceAll('-', '')
  const { group = `${base}.example.com`, versions = ['v1'], namespaced = true, schema = anything } = options
  const names = { plural: `${base}s`, singular: base, kind: `${base}Kind`, listKind: `${base}List` }
  const metadata = { name: `${names.plural}.${group}`, ...(options.labels && { labels: options.labels }) }
  const spec = {
    group,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    names,
    versions: versions.map((name, index) => ({
      name,
      served: true,
      storage: index === 0,
      schema: { openAPIV3Schema: schema },
      ...options.more,
    })),
  }
  await api.client.of(customResourceDefinitions).create({ metadata, spec })
  const { plural, kind } = names
  const resource = (version = versions[0]!) => ({ group, version, plural, kind, namespaced })
  await until(`${metadata.name} is served`, async () => {
    const { status } = await api.send({ path: `/apis/${group}/${versions[0]}/${plural}` })
    return status === 200
  })
  const reversed = group.split('.').reverse().join('.')
  const typeName = (version = versions[0]!) => `${reversed}.${version}.${kind}`
  return { name: metadata.name, group, kind, plural, resource, typeName }
}

/** The object with kind and version, as it is sent. */
export function custom(definition: Definition, fields: Record<string, unknown>, version?: string): Custom {
  const resource = definition.resource(version)
  return { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, ...fields }
}
