import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition } from '../../src/api/types/apiextensions/v1.ts'
import { customResourceDefinitions } from '../../src/api/types/resources.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster, exists, refusal, Watched } from './api.ts'
import { type Custom, custom, define } from './definitions.ts'

const api = conformanceCluster({ components: ['apiserver'] })

const definitions = () => api().client.of(customResourceDefinitions)

test('[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]', async () => {
  const definition = await define(api(), { namespaced: false })
  const resource = definition.resource()
  const client = api().client.of(resource)
  const watches = await Promise.all(
    ['name1', 'name2'].map((name) => Watched.open(api().client, resource, { fieldSelector: `metadata.name=${name}` })),
  )
  for (const [index, watched] of watches.entries()) {
    const name = `name${index + 1}`
    await client.create(custom(definition, { metadata: { name }, content: 'first' }))
    assert.equal((await watched.next('ADDED')).content, 'first')
    await client.patch(name, { content: 'second' }, { type: 'merge' })
    assert.equal((await watched.next('MODIFIED')).content, 'second')
    await client.delete(name)
    assert.equal((await watched.next('DELETED')).metadata.name, name)
    watched.stop()
  }
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works [Conformance]', async () => {
  const { name, group, plural } = await define(api())
  await definitions().delete(name)
  await until('it is gone', async () => !(await exists(definitions().get(name))))
  await until(
    'it is served no more',
    async () => (await api().send({ path: `/apis/${group}/v1/${plural}` })).status === 404,
  )
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works [Conformance]', async () => {
  const labels = { run: api().name('run') }
  const made = await Promise.all(Array.from({ length: 10 }, () => define(api(), { labels })))
  const selected = { labelSelector: `run=${labels.run}` }
  const { items } = await definitions().list(selected)
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), made.map(({ name }) => name).sort())
  for (const { metadata, spec } of items) {
    const { group, kind } = made.find(({ name }) => name === metadata.name)!
    assert.deepEqual([spec.group, spec.names.kind], [group, kind])
  }
  await definitions().deleteCollection(selected)
  await until('all are gone', async () => (await definitions().list(selected)).items.length === 0)
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works [Conformance]', async () => {
  const { name } = await define(api())
  const own = { type: 'Checked', status: 'True', message: 'updated' }
  const change = structuredClone(await definitions().get(name, { subresource: 'status' })) as CustomResourceDefinition
  change.status!.conditions!.push(own)
  const updated = await definitions().updateStatus(change)
  assert.equal(updated.status?.conditions?.find(({ type }) => type === 'Checked')?.message, 'updated')
  const conditions = [{ type: 'Checked', status: 'True', message: 'patched' }]
  const patch = [{ op: 'add', path: '/status/conditions', value: conditions }]
  const patched = await definitions().patch(name, patch, { type: 'json', subresource: 'status' })
  assert.equal(patched.status?.conditions?.find(({ type }) => type === 'Checked')?.message, 'patched')
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents [Conformance]', async () => {
  assert.equal(await api().read('/apis', 'groups[name=apiextensions.k8s.io].versions[version=v1].version'), 'v1')
  assert.equal(await api().read('/apis/apiextensions.k8s.io', 'versions[version=v1].version'), 'v1')
  const path = '/apis/apiextensions.k8s.io/v1'
  assert.equal(await api().read(path, 'resources[name=customresourcedefinitions].kind'), 'CustomResourceDefinition')
})

test('[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works [Conformance]', async () => {
  const text = { type: 'string' }
  const schema = { type: 'object', properties: { a: text, b: text } }
  const definition = await define(api(), { schema, namespaced: false })
  const client = api().client.of(definition.resource())
  const first = await client.create(custom(definition, { metadata: { name: 'first' } }))
  assert.equal(first.a, undefined)
  const properties = '/spec/versions/0/schema/openAPIV3Schema/properties'
  await definitions().patch(definition.name, [{ op: 'add', path: `${properties}/a/default`, value: 'A' }], {
    type: 'json',
  })
  await until('what is stored is defaulted', async () => (await client.get('first')).a === 'A')
  const second = await client.create(custom(definition, { metadata: { name: 'second' } }))
  assert.equal(second.a, 'A')
  const others = [
    { op: 'remove', path: `${properties}/a/default` },
    { op: 'add', path: `${properties}/b/default`, value: 'B' },
  ]
  await definitions().patch(definition.name, others, { type: 'json' })
  await until('the other field is defaulted', async () => (await client.get('second')).b === 'B')
  assert.equal((await client.get('second')).a, 'A', 'what was stored by then stays')
})

test('[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector [Conformance]', async () => {
  const namespace = 'default'
  const text = { type: 'string' }
  const definition = await define(api(), {
    schema: { type: 'object', properties: { color: text, quantity: { type: 'integer' } } },
    more: { selectableFields: [{ jsonPath: '.color' }, { jsonPath: '.quantity' }] },
  })
  const resource = definition.resource()
  const client = api().client.of(resource)
  const { metadata } = await client.list({ namespace })
  const resourceVersion = metadata.resourceVersion!
  const things: [name: string, color: string, quantity: number][] = [
    ['one', 'blue', 10],
    ['two', 'blue', 20],
    ['three', 'green', 10],
  ]
  for (const [name, color, quantity] of things)
    await client.create(custom(definition, { metadata: { name, namespace }, color, quantity }))
  const listed = async (fieldSelector: string) =>
    (await client.list({ namespace, fieldSelector })).items.map(({ metadata }) => metadata.name).sort()
  assert.deepEqual(await listed('color=blue'), ['one', 'two'])
  assert.deepEqual(await listed('color=blue,quantity=10'), ['one'])
  assert.deepEqual(await listed('color!=blue'), ['three'])
  const open = (fieldSelector: string) =>
    Watched.open<Custom>(api().client, resource, { namespace, fieldSelector, resourceVersion })
  const [blue, green] = await Promise.all([open('color=blue'), open('color=green')])
  assert.equal((await blue.next('ADDED')).metadata.name, 'one')
  assert.equal((await blue.next('ADDED')).metadata.name, 'two')
  assert.equal((await green.next('ADDED')).metadata.name, 'three')
  await client.patch('one', { color: 'green' }, { namespace, type: 'merge' })
  assert.equal((await blue.next('DELETED')).metadata.name, 'one')
  assert.equal((await green.next('ADDED')).metadata.name, 'one')
  await client.delete('two', { namespace })
  assert.equal((await blue.next('DELETED')).metadata.name, 'two')
  assert.equal((await refusal(client.list({ namespace, fieldSelector: 'size=1' }))).status.code, 400)
  for (const watched of [blue, green]) watched.stop()
})
