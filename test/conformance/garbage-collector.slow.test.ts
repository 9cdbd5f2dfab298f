import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployments, pods, replicaSets, replicationControllers } from '../../src/api/types/resources.ts'
import type { OwnerReference } from '../../src/machinery/object.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster, exists, idlePod } from './api.ts'

const api = conformanceCluster({ simulateNodes: 2 })

/** Long enough for a collector that is wrong to have done what it must not do. */
const restraintMs = 2_000

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'i' }] },
})

const controllers = () => api().client.of(replicationControllers)
const allPods = (namespace: string, app: string) =>
  api()
    .client.of(pods)
    .list({ namespace, labelSelector: `app=${app}` })

/** A ReplicationController whose Pods are all there. */
async function createController(namespace: string, name: string, replicas: number): Promise<string> {
  const spec = { replicas, selector: { app: name }, template: template(name) }
  const { metadata } = await controllers().create({ metadata: { name, namespace }, spec })
  await until('its Pods are there', async () => (await allPods(namespace, name)).items.length === replicas)
  await until(
    'it knows of them',
    async () => (await controllers().get(name, { namespace })).status?.replicas === replicas,
  )
  return metadata.uid
}

/** A Deployment whose ReplicaSet is there. */
async function createDeployment(namespace: string, name: string): Promise<void> {
  const spec = { replicas: 2, selector: { matchLabels: { app: name } }, template: template(name) }
  await api().client.of(deployments).create({ metadata: { name, namespace }, spec })
  await until('its ReplicaSet is there', async () => (await replicaSetsOf(namespace, name)).length === 1)
}

const replicaSetsOf = async (namespace: string, app: string) =>
  (
    await api()
      .client.of(replicaSets)
      .list({ namespace, labelSelector: `app=${app}` })
  ).items

test('[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]', async () => {
  const namespace = await api().namespace()
  await createController(namespace, 'owner', 2)
  await controllers().delete('owner', { namespace, propagationPolicy: 'Background' })
  await until('the Pods are gone', async () => (await allPods(namespace, 'owner')).items.length === 0)
})

test('[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Serial] [Conformance]', async () => {
  const namespace = await api().namespace()
  await createController(namespace, 'owner', 20)
  await controllers().delete('owner', { namespace, propagationPolicy: 'Orphan' })
  await until('the controller is gone', async () => !(await exists(controllers().get('owner', { namespace }))))
  await systemClock.sleep(restraintMs)
  const { items } = await allPods(namespace, 'owner')
  assert.equal(items.length, 20)
  for (const { metadata } of items) assert.equal(metadata.ownerReferences, undefined)
})

test('[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]', async () => {
  const namespace = await api().namespace()
  await createDeployment(namespace, 'owner')
  await api().client.of(deployments).delete('owner', { namespace, propagationPolicy: 'Background' })
  await until('the ReplicaSet is gone', async () => (await replicaSetsOf(namespace, 'owner')).length === 0)
  await until('the Pods are gone', async () => (await allPods(namespace, 'owner')).items.length === 0)
})

test('[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]', async () => {
  const namespace = await api().namespace()
  await createDeployment(namespace, 'owner')
  await api().client.of(deployments).delete('owner', { namespace, propagationPolicy: 'Orphan' })
  await until(
    'the Deployment is gone',
    async () => !(await exists(api().client.of(deployments).get('owner', { namespace }))),
  )
  await systemClock.sleep(restraintMs)
  const [replicaSet, ...others] = await replicaSetsOf(namespace, 'owner')
  assert.equal(others.length, 0)
  assert.equal(replicaSet?.metadata.ownerReferences, undefined)
})

test('[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Serial] [Conformance]', async () => {
  const namespace = await api().namespace()
  await createController(namespace, 'owner', 20)
  const finalizers = [{ op: 'add', path: '/metadata/finalizers', value: ['example.com/held'] }]
  const [held] = (await allPods(namespace, 'owner')).items
  await api().client.of(pods).patch(held!.metadata.name, finalizers, { namespace, type: 'json' })
  await controllers().delete('owner', { namespace, propagationPolicy: 'Foreground' })
  await until('but for one, its Pods are gone', async () => (await allPods(namespace, 'owner')).items.length === 1)
  const owner = await controllers().get('owner', { namespace })
  assert.deepEqual(owner.metadata.finalizers, ['foregroundDeletion'])
  const released = [{ op: 'remove', path: '/metadata/finalizers' }]
  await api().client.of(pods).patch(held!.metadata.name, released, { namespace, type: 'json' })
  await until('the controller is gone', async () => !(await exists(controllers().get('owner', { namespace }))))
  assert.equal((await allPods(namespace, 'owner')).items.length, 0)
})

test("[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Serial] [Conformance]", async () => {
  const namespace = await api().namespace()
  await createController(namespace, 'goes', 10)
  const uid = await createController(namespace, 'stays', 0)
  const second: OwnerReference = { apiVersion: 'v1', kind: 'ReplicationController', name: 'stays', uid }
  const shared = (await allPods(namespace, 'goes')).items.slice(0, 5).map(({ metadata }) => metadata.name)
  for (const name of shared) {
    const add = [{ op: 'add', path: '/metadata/ownerReferences/-', value: second }]
    await api().client.of(pods).patch(name, add, { namespace, type: 'json' })
  }
  await controllers().delete('goes', { namespace, propagationPolicy: 'Foreground' })
  await until('the first controller is gone', async () => !(await exists(controllers().get('goes', { namespace }))))
  const { items } = await allPods(namespace, 'goes')
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), shared.sort())
  for (const { metadata } of items) {
    assert.equal(metadata.deletionTimestamp, undefined)
    assert.deepEqual(
      metadata.ownerReferences?.map(({ name }) => name),
      ['stays'],
    )
  }
})

test('[sig-api-machinery] Garbage collector should not be blocked by dependency circle [Conformance]', async () => {
  const namespace = await api().namespace()
  const client = api().client.of(pods)
  const uids = new Map<string, string>()
  for (const name of ['pod1', 'pod2', 'pod3']) {
    const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'i' }] }
    uids.set(name, (await client.create(idlePod(name, namespace, { spec }))).metadata.uid)
  }
  for (const [name, owner] of [
    ['pod1', 'pod3'],
    ['pod2', 'pod1'],
    ['pod3', 'pod2'],
  ] as const) {
    const reference = { apiVersion: 'v1', kind: 'Pod', name: owner, uid: uids.get(owner)! }
    const owned = { ...reference, controller: true, blockOwnerDeletion: true }
    await client.patch(name, { metadata: { ownerReferences: [owned] } }, { namespace, type: 'strategic' })
  }
  await client.delete('pod1', { namespace, propagationPolicy: 'Foreground' })
  await until('all are gone', async () => (await client.list({ namespace })).items.length === 0)
})
