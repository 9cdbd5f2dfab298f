import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer, type RestServer } from '../../../test/support/rest-server.ts'
import type { ManagedFieldsEntry } from '../../machinery/object.ts'

const path = '/api/v1/namespaces/a/configmaps/c'
const applyPatch = 'application/apply-patch+yaml'

interface Answer {
  readonly status: number
  readonly data?: Record<string, string>
  readonly managers: readonly string[]
  readonly message?: string
}

async function apply(
  server: RestServer,
  query: string,
  data: Record<string, string>,
  more: object = {},
): Promise<Answer> {
  const body = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c' }, data, ...more }
  return answerOf(await server.send('PATCH', `${path}?${query}`, body, applyPatch))
}

function answerOf({ status, body }: { status: number; body: unknown }): Answer {
  const { data, message, metadata } = body as {
    data?: Record<string, string>
    message?: string
    metadata?: { managedFields?: ManagedFieldsEntry[] }
  }
  const managers = (metadata?.managedFields ?? []).map(({ manager, operation }) => `${operation} ${manager}`)
  return { status, managers, ...(data && { data }), ...(message !== undefined && { message }) }
}

test('apply creates what is not there, and says who did', async () => {
  const answer = await apply(createRestServer(), 'fieldManager=one', { a: '1' })
  assert.deepEqual(answer, { status: 201, data: { a: '1' }, managers: ['Apply one'] })
})

test('apply without a field that it applied before removes it', async () => {
  const server = createRestServer()
  await apply(server, 'fieldManager=one', { a: '1', b: '2' })
  assert.deepEqual((await apply(server, 'fieldManager=one', { a: '1' })).data, { a: '1' })
})

test('a field of another manager is taken only by force', async () => {
  const server = createRestServer()
  await apply(server, 'fieldManager=one', { a: '1' })
  const refused = await apply(server, 'fieldManager=two', { a: '2' })
  assert.equal(refused.status, 409)
  assert.equal(refused.message, 'Apply failed with 1 conflict: conflict with "one": .data.a')
  const forced = await apply(server, 'fieldManager=two&force=true', { a: '2' })
  assert.deepEqual([forced.status, forced.data], [200, { a: '2' }])
})

test('an apply that changes nothing writes nothing', async () => {
  const server = createRestServer()
  await apply(server, 'fieldManager=one', { a: '1' })
  const { revision } = server.store
  await apply(server, 'fieldManager=one', { a: '1' })
  assert.equal(server.store.revision, revision)
})

for (const { title, query, more, status, message } of [
  {
    title: 'nobody',
    query: '',
    more: {},
    status: 422,
    message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  },
  {
    title: 'somebody who does not know the schema',
    query: 'fieldManager=one',
    more: { zz: 1 },
    status: 500,
    message: 'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .zz: field not declared in schema',
  },
]) {
  test(`apply by ${title} is refused`, async () => {
    const answer = await apply(createRestServer(), query, {}, more)
    assert.deepEqual([answer.status, answer.message], [status, message])
  })
}

test('what is written through the scale is owned through the scale', async () => {
  const server = createRestServer()
  const labels = { a: 'b' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const deployments = '/apis/apps/v1/namespaces/a/deployments'
  const spec = { replicas: 1, selector: { matchLabels: labels }, template }
  await server.send('POST', deployments, { metadata: { name: 'd' }, spec })
  const scale = { spec: { replicas: 3 } }
  await server.send('PATCH', `${deployments}/d/scale`, scale, 'application/merge-patch+json')
  const { body } = await server.send('GET', `${deployments}/d`)
  const { managedFields } = (body as { metadata: { managedFields: ManagedFieldsEntry[] } }).metadata
  const entry = managedFields.find(({ subresource }) => subresource === 'scale')
  assert.deepEqual(entry?.fieldsV1, { 'f:spec': { 'f:replicas': {} } })
})
