import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { schemaForKind } from '../../api/schema/schema.ts'
import { createRegistry } from '../registry.ts'
import type { RequestContext } from '../request.ts'
import { openApiHandler } from './handler.ts'
import { createOpenApi, type OpenApiBytes } from './openapi.ts'

const deployments: ResourceDefinition = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  listKind: 'DeploymentList',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  schema: schemaForKind({ group: 'apps', version: 'v1', kind: 'Deployment' }),
  storagePrefix: 'deployments',
  strategy: {},
  columns: [],
  subresources: {
    scale: { kind: 'scale', scale: { specReplicas: '.spec.replicas', statusReplicas: '.status.replicas' } },
  },
}

const foos: ResourceDefinition = {
  ...deployments,
  group: 'example.com',
  kind: 'Foo',
  listKind: 'FooList',
  plural: 'foos',
  schema: { name: 'com.example.v1.Foo', fields: new Map() },
  subresources: {},
}

const parse = (bytes: OpenApiBytes | undefined) => JSON.parse(Buffer.from(bytes!.body).toString())
const propertiesOf = (schema: { properties: object }) => schema.properties

test('v3 describes types, paths and what patches need to know', () => {
  const document = parse(createOpenApi({ registry: createRegistry([deployments]) }).v3('apis/apps/v1')!)
  const { schemas } = document.components
  assert.deepEqual(propertiesOf(schemas['io.k8s.api.core.v1.ContainerPort']), {
    containerPort: { type: 'integer', format: 'int32', default: 0 },
    hostIP: { type: 'string' },
    hostPort: { type: 'integer', format: 'int32' },
    name: { type: 'string' },
    protocol: { type: 'string', default: 'TCP' },
  })
  assert.equal(schemas['io.k8s.api.core.v1.PodSpec'].properties.containers['x-kubernetes-patch-merge-key'], 'name')
  const object = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']
  assert.equal(object.patch.operationId, 'patchAppsV1NamespacedDeployment')
  assert.ok(object.patch.parameters.some(({ name }: { name: string }) => name === 'fieldValidation'))
  assert.deepEqual(object.get['x-kubernetes-group-version-kind'], { group: 'apps', version: 'v1', kind: 'Deployment' })
})

test('v2 has one definition for each type that is referred to', () => {
  const document = parse(createOpenApi({ registry: createRegistry([deployments]) }).v2())
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)
  for (const [, name = ''] of references) assert.ok(document.definitions[name], name)
})

test('documents are made anew when resources come and go', () => {
  const registry = createRegistry([deployments])
  const openApi = createOpenApi({ registry })
  const before = parse(openApi.v3Index())
  assert.equal(openApi.v3('apis/example.com/v1'), undefined)
  registry.add(foos)
  assert.ok(openApi.v3('apis/example.com/v1'))
  assert.notDeepEqual(parse(openApi.v3Index()), before)
})

const context = (path: string, headers: Record<string, string> = {}, query = ''): RequestContext =>
  ({
    path,
    query: new URLSearchParams(query),
    headers: {
      get: (name: string) => headers[name],
      all: (name: string) => (headers[name] === undefined ? [] : [headers[name]]),
    },
  }) as unknown as RequestContext

const asked = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
/** The other form, which is a proper media type. */
const protobuf = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

const requests = [
  { title: 'v2 is JSON by default', path: '/openapi/v2', want: { status: 200, type: 'application/json' } },
  { title: 'v2 is protobuf for kubectl', path: '/openapi/v2', accept: asked, want: { status: 200, type: protobuf } },
  { title: 'the index of v3', path: '/openapi/v3', want: { status: 200, type: 'text/plain; charset=utf-8' } },
  { title: 'a group-version', path: '/openapi/v3/apis/apps/v1', want: { status: 200, type: 'application/json' } },
  {
    title: 'an outdated hash is redirected',
    path: '/openapi/v3/apis/apps/v1',
    query: 'hash=00',
    want: { status: 301 },
  },
  { title: 'an unknown group-version', path: '/openapi/v3/api/v9', want: { status: 404 } },
]

for (const { title, path, accept, query, want } of requests)
  test(`OpenAPI over HTTP: ${title}`, async () => {
    const handle = openApiHandler(createOpenApi({ registry: createRegistry([deployments]) }))
    const answer = await handle(context(path, accept ? { accept } : {}, query))
    assert.ok(answer.kind === 'bytes')
    assert.equal(answer.status, want.status)
    if (want.type) assert.equal(answer.headers['content-type'], want.type)
  })

test('a client that has the document is told so', async () => {
  const handle = openApiHandler(createOpenApi({ registry: createRegistry([deployments]) }))
  const first = await handle(context('/openapi/v2'))
  assert.ok(first.kind === 'bytes')
  const second = await handle(context('/openapi/v2', { 'if-none-match': first.headers.etag! }))
  assert.ok(second.kind === 'bytes')
  assert.equal(second.status, 304)
})
