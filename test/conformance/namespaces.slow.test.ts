import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Namespace } from '../../src/api/types/core/v1.ts'
import { configMaps, namespaces, pods, services } from '../../src/api/types/resources.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster, exists, idlePod } from './api.ts'

const api = conformanceCluster({ simulateNodes: 1 })

const all = () => api().client.of(namespaces)

async function deleteAndWait(name: string): Promise<void> {
  await all().delete(name)
  await until(`${name} is gone`, async () => !(await exists(all().get(name))))
}

test('[sig-api-machinery] Namespaces [Serial] should ensure that all pods are removed when a namespace is deleted [Conformance]', async () => {
  const namespace = await api().namespace()
  await api().runPod(
    idlePod('test', namespace, { spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'c', image: 'i' }] } }),
  )
  await deleteAndWait(namespace)
  await all().create({ metadata: { name: namespace } })
  assert.equal(await exists(api().client.of(pods).get('test', { namespace })), false)
})

test('[sig-api-machinery] Namespaces [Serial] should ensure that all services are removed when a namespace is deleted [Conformance]', async () => {
  const namespace = await api().namespace()
  const spec = { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 80 }] }
  await api()
    .client.of(services)
    .create({ metadata: { name: 'test', namespace }, spec })
  await deleteAndWait(namespace)
  await all().create({ metadata: { name: namespace } })
  assert.equal(await exists(api().client.of(services).get('test', { namespace })), false)
})

test('[sig-api-machinery] Namespaces [Serial] should patch a Namespace [Conformance]', async () => {
  const name = await api().namespace()
  const before = await all().get(name)
  const patch = { metadata: { labels: { testLabel: 'testValue' } } }
  const patched = await all().patch(name, patch, { type: 'strategic' })
  assert.ok(Number(patched.metadata.resourceVersion) > Number(before.metadata.resourceVersion))
  assert.equal((await all().get(name)).metadata.labels?.testLabel, 'testValue')
})

test('[sig-api-machinery] Namespaces [Serial] should apply changes to a namespace status [Conformance]', async () => {
  const name = await api().namespace()
  assert.equal((await all().get(name, { subresource: 'status' })).status?.phase, 'Active')
  const condition = { type: 'StatusPatch', status: 'True', reason: 'E2E', message: 'Patched by a test' }
  const patched = await all().patch(
    name,
    { metadata: { annotations: { patched: 'true' } }, status: { conditions: [condition] } },
    { type: 'merge', subresource: 'status' },
  )
  assert.equal(patched.metadata.annotations?.patched, 'true')
  assert.equal(patched.status?.conditions?.[0]?.type, 'StatusPatch')
  const update = structuredClone(await all().get(name)) as Namespace
  update.status!.conditions!.push({ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Updated by a test' })
  const updated = await all().updateStatus(update)
  assert.deepEqual(
    updated.status?.conditions?.map(({ type }) => type),
    ['StatusPatch', 'StatusUpdate'],
  )
})

test('[sig-api-machinery] Namespaces [Serial] should apply an update to a Namespace [Conformance]', async () => {
  const name = await api().namespace()
  const update = structuredClone(await all().get(name)) as Namespace
  update.metadata = { ...update.metadata, labels: { ...update.metadata?.labels, updated: 'yes' } }
  assert.equal((await all().update(update)).metadata.labels?.updated, 'yes')
})

test('[sig-api-machinery] Namespaces [Serial] should apply a finalizer to a Namespace [Conformance]', async () => {
  const name = await api().namespace()
  const own = 'e2e.example.com/fakeFinalizer'
  const finalize = async (change: (finalizers: readonly string[]) => string[]) => {
    const namespace = await all().get(name)
    const body = { ...namespace, spec: { finalizers: change(namespace.spec?.finalizers ?? []) } }
    const { spec } = await all().updateSubresource<Namespace>(name, 'finalize', body)
    return spec?.finalizers
  }
  assert.deepEqual(await finalize((finalizers) => [...finalizers, own]), ['kubernetes', own])
  assert.deepEqual(await finalize((finalizers) => finalizers.filter((each) => each !== own)), ['kubernetes'])
})

test('[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first [Conformance]', async () => {
  const namespace = await api().namespace()
  const pod = idlePod('test', namespace)
  pod.metadata = { ...pod.metadata, finalizers: ['e2e.example.com/finalizer'] }
  await api().runPod(pod)
  await api()
    .client.of(configMaps)
    .create({ metadata: { name: 'test', namespace }, data: { key: 'value' } })
  await all().delete(namespace)
  await until('the controller says what holds the namespace', async () => {
    const { status } = await all().get(namespace)
    return (
      status?.phase === 'Terminating' &&
      status.conditions?.some(({ type }) => type === 'NamespaceDeletionContentFailure')
    )
  })
  await until('the Pod is being deleted, and the ConfigMap still there', async () => {
    assert.ok(await exists(api().client.of(configMaps).get('test', { namespace })))
    return (await api().client.of(pods).get('test', { namespace })).metadata.deletionTimestamp !== undefined
  })
  const withoutFinalizers = [{ op: 'remove', path: '/metadata/finalizers' }]
  await api().client.of(pods).patch('test', withoutFinalizers, { namespace, type: 'json' })
  await until('the namespace is gone', async () => !(await exists(all().get(namespace))))
})
