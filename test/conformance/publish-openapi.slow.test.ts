import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition, JSONSchemaProps } from '../../src/api/types/apiextensions/v1.ts'
import { customResourceDefinitions } from '../../src/api/types/resources.ts'
import { valueAt } from '../reference/paths.ts'
import { until } from '../support/processes.ts'
import { type Api, conformanceCluster } from './api.ts'
import { anything, type Definition, type DefinitionOptions, define } from './definitions.ts'

const api = conformanceCluster({ components: ['apiserver'] })

/** Objects, lists, enums and what is required: what clients check and explain by. */
const foo: JSONSchemaProps = {
  description: 'Foo CRD for Testing',
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      description: 'Specification of Foo',
      properties: {
        bars: {
          description: 'List of Bars and their specs.',
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { description: 'Name of Bar.', type: 'string' },
              age: { description: 'Age of Bar.', type: 'string' },
              feeling: { description: 'Whether Bar is feeling great.', type: 'string', enum: ['Great', 'Down'] },
              bazs: { description: 'List of Bazs.', items: { type: 'string' }, type: 'array' },
            },
          },
        },
      },
    },
    status: { description: 'Status of Foo', type: 'object' },
  },
}

const waldo: JSONSchemaProps = {
  description: 'Waldo CRD for Testing',
  type: 'object',
  properties: { spec: { type: 'object', properties: { dummy: { description: 'Dummy property.', type: 'object' } } } },
}

const preserveNested: JSONSchemaProps = {
  description: 'preserve-unknown-properties in nested field for Testing',
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { dummy: { description: 'Dummy property.', type: 'object' } },
    },
  },
}

type Types = Record<string, { description?: string; properties?: Record<string, unknown> } | undefined>

const publishedTypes = async (): Promise<Types> => (await api().read('/openapi/v2', 'definitions')) as Types

/** Waits until OpenAPI v2 shows the type, with what the schema says of its `spec`, and answers it. */
async function published(definition: Definition, schema: JSONSchemaProps, version?: string): Promise<void> {
  const name = definition.typeName(version)
  const type = await until(`${name} is published`, async () => (await publishedTypes())[name])
  assert.equal(type.description, schema.description)
  if (schema.properties?.spec) assert.deepEqual(type.properties?.spec, schema.properties.spec)
}

async function withdrawn(definition: Definition, version?: string): Promise<void> {
  const name = definition.typeName(version)
  await until(`${name} is published no more`, async () => (await publishedTypes())[name] === undefined)
}

const defined = async (schema: JSONSchemaProps, options: DefinitionOptions = {}): Promise<Definition> => {
  const definition = await define(api(), { ...options, schema })
  for (const version of options.versions ?? ['v1']) await published(definition, schema, version)
  return definition
}

async function undefine(definition: Definition, versions: readonly string[] = ['v1']): Promise<void> {
  await api().client.of(customResourceDefinitions).delete(definition.name)
  for (const version of versions) await withdrawn(definition, version)
}

/** Creates and applies as kubectl does, which lets the server mind unknown fields. Answers both refusals, if any. */
async function refusals(definition: Definition, fields: object): Promise<(string | undefined)[]> {
  const { group, version, plural, kind } = definition.resource()
  const name = api().name('cr')
  const path = `/apis/${group}/${version}/namespaces/default/${plural}`
  const body = { apiVersion: `${group}/${version}`, kind, metadata: { name, namespace: 'default' }, ...fields }
  const query = { fieldValidation: 'Strict', fieldManager: 'kubectl' }
  const send = async (given: Parameters<Api['send']>[0]) => {
    const { status, body } = await api().send({ ...given, query })
    return status < 300 ? undefined : (body as { message: string }).message
  }
  const created = await send({ method: 'POST', path, body })
  if (created === undefined) await send({ method: 'DELETE', path: `${path}/${name}` })
  const contentType = 'application/apply-patch+yaml'
  return [created, await send({ method: 'PATCH', path: `${path}/${name}`, body, contentType })]
}

async function accepts(definition: Definition, fields: object): Promise<void> {
  assert.deepEqual(await refusals(definition, fields), [undefined, undefined])
}

async function refuses(definition: Definition, fields: object, why: RegExp): Promise<void> {
  for (const refusal of await refusals(definition, fields)) assert.match(refusal ?? 'accepted', why)
}

/** What `kubectl explain` reads: the type in OpenAPI v3. */
async function explained(definition: Definition, path: string): Promise<unknown> {
  const { group, version } = definition.resource()
  const schemas = await api().read(`/openapi/v3/apis/${group}/${version}`, 'components.schemas')
  return valueAt((schemas as Record<string, unknown>)[definition.typeName()], path)
}

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema [Conformance]', async () => {
  const definition = await defined(foo)
  await accepts(definition, { spec: { bars: [{ name: 'test-bar' }] } })
  await refuses(definition, { spec: { bars: [{ name: 'test-bar', feeling: 'No' }] } }, /Unsupported value: "No"/)
  await refuses(
    definition,
    { spec: { foo: true } },
    /unknown field "spec\.foo"|\.spec\.foo: field not declared in schema/,
  )
  await refuses(definition, { spec: { bars: [{ age: '10' }] } }, /spec\.bars\[0\]\.name: Required value/)
  assert.equal(await explained(definition, 'description'), 'Foo CRD for Testing')
  assert.match(String(await explained(definition, 'properties.apiVersion.description')), /^APIVersion defines/)
  assert.equal(await explained(definition, 'properties.spec.description'), 'Specification of Foo')
  const bars = 'properties.spec.properties.bars'
  assert.equal(await explained(definition, `${bars}.items.properties.bazs.description`), 'List of Bazs.')
  assert.equal(await explained(definition, 'properties.spec.properties.bars2'), undefined)
  await undefine(definition)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema [Conformance]', async () => {
  const definition = await defined(anything)
  await accepts(definition, { a: { b: [{ c: 'd' }] } })
  assert.equal(await explained(definition, 'description'), undefined)
  await undefine(definition)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root [Conformance]', async () => {
  const schema = { ...anything, description: 'preserve-unknown-properties at root for Testing' }
  const definition = await define(api(), { schema })
  // Version 2 knows no such types, and says nothing more of it.
  await published(definition, anything)
  await accepts(definition, { a: { b: [{ c: 'd' }] } })
  assert.equal(await explained(definition, 'x-kubernetes-group-version-kind[0].kind'), definition.kind)
  await undefine(definition)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object [Conformance]', async () => {
  const definition = await define(api(), { schema: preserveNested })
  await accepts(definition, { spec: { a: null, b: [{ c: 'd' }] } })
  assert.equal(await explained(definition, 'description'), preserveNested.description)
  assert.equal(await explained(definition, 'properties.spec.x-kubernetes-preserve-unknown-fields'), true)
  await undefine(definition)
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups [Conformance]', async () => {
  const first = await defined(foo)
  const second = await defined(waldo, { versions: ['v1beta1'] })
  assert.notEqual(first.group, second.group)
  await published(first, foo)
  await undefine(first)
  await published(second, waldo, 'v1beta1')
  await undefine(second, ['v1beta1'])
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions [Conformance]', async () => {
  const several = await defined(foo, { versions: ['v2', 'v3'] })
  await undefine(several, ['v2', 'v3'])
  const group = 'common-versions.example.com'
  const first = await defined(foo, { group, versions: ['v4'] })
  const second = await defined(waldo, { group, versions: ['v5'] })
  await published(first, foo, 'v4')
  await undefine(first, ['v4'])
  await undefine(second, ['v5'])
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds [Conformance]', async () => {
  const group = 'common-kinds.example.com'
  const first = await defined(foo, { group, versions: ['v6'] })
  const second = await defined(waldo, { group, versions: ['v6'] })
  await published(first, foo, 'v6')
  await undefine(first, ['v6'])
  await published(second, waldo, 'v6')
  await undefine(second, ['v6'])
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] updates the published spec when one version gets renamed [Conformance]', async () => {
  const definition = await defined(foo, { versions: ['v2', 'v3'] })
  const rename = [
    { op: 'test', path: '/spec/versions/1/name', value: 'v3' },
    { op: 'replace', path: '/spec/versions/1/name', value: 'v4' },
  ]
  await api().client.of(customResourceDefinitions).patch(definition.name, rename, { type: 'json' })
  await published(definition, foo, 'v4')
  await withdrawn(definition, 'v3')
  await published(definition, foo, 'v2')
  await undefine(definition, ['v2', 'v4'])
})

test('[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served [Conformance]', async () => {
  const definition = await defined(foo, { versions: ['v5', 'v6alpha1'] })
  const client = api().client.of(customResourceDefinitions)
  const change = structuredClone(await client.get(definition.name)) as CustomResourceDefinition
  change.spec!.versions[1]!.served = false
  const updated = await client.update(change)
  assert.ok(Number(updated.metadata.resourceVersion) > Number(change.metadata!.resourceVersion))
  await withdrawn(definition, 'v6alpha1')
  await published(definition, foo, 'v5')
  await undefine(definition, ['v5'])
})
