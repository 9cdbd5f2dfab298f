import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodDisruptionBudgetSpec } from '../../src/api/types/policy/v1.ts'
import {
  deployments,
  persistentVolumeClaims,
  podDisruptionBudgets,
  pods,
  volumeAttributesClasses,
} from '../../src/api/types/resources.ts'
import { isStatus } from '../../src/machinery/status.ts'
import { startInDefault } from '../support/batch.ts'
import type { ControllersUnderTest } from '../support/controllers.ts'

const namespace = 'default'
const selector = { matchLabels: { app: 'web' } }

async function startWith(spec: PodDisruptionBudgetSpec): Promise<ControllersUnderTest> {
  const names = ['disruption-controller', 'deployment-controller', 'replicaset-controller']
  const cluster = await startInDefault(...names)
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const metadata = { name: 'web', namespace }
  await cluster.client.of(deployments).create({ metadata, spec: { replicas: 4, selector, template } })
  await cluster.client.of(podDisruptionBudgets).create({ metadata, spec: { selector, ...spec } })
  return cluster
}

async function statusOf({ client }: ControllersUnderTest) {
  return (await client.of(podDisruptionBudgets).get('web', { namespace })).status
}

const untilAllowed = (cluster: ControllersUnderTest, allowed: number) =>
  cluster.until(`${allowed} allowed`, async () => {
    const status = await statusOf(cluster)
    return status?.currentHealthy === 4 && status.disruptionsAllowed === allowed
  })

const rows: [title: string, spec: PodDisruptionBudgetSpec, allowed: number][] = [
  ['at most one unavailable', { maxUnavailable: 1 }, 1],
  ['at most half unavailable', { maxUnavailable: '50%' }, 2],
  ['at least three', { minAvailable: 3 }, 1],
  ['at least 60 %, which is three of four', { minAvailable: '60%' }, 1],
]
for (const [title, spec, allowed] of rows) {
  test(`a budget of ${title} allows ${allowed} of 4 to go`, async () => {
    const cluster = await startWith(spec)
    await untilAllowed(cluster, allowed)
    const status = await statusOf(cluster)
    assert.deepEqual([status?.expectedPods, status?.desiredHealthy], [4, 4 - allowed])
    assert.deepEqual(
      status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
      [['DisruptionAllowed', 'True', 'SufficientPods']],
    )
    await cluster.stop()
  })
}

test('an eviction takes from the budget, the next is refused, and the replacement gives back', async () => {
  const cluster = await startWith({ maxUnavailable: 1 })
  await untilAllowed(cluster, 1)
  const [first, second] = (await cluster.client.of(pods).list({ namespace })).items
  const evict = (name: string) =>
    cluster.client.of(pods).createSubresource(name, 'eviction', { metadata: { name, namespace } }, { namespace })
  await evict(first!.metadata.name)
  await assert.rejects(evict(second!.metadata.name), (error) => isStatus(error, 'TooManyRequests'))
  await untilAllowed(cluster, 1)
  await cluster.stop()
})

test('a budget whose Pods have an unknown controller allows nothing and says so', async () => {
  const cluster = await startWith({ maxUnavailable: 1 })
  await untilAllowed(cluster, 1)
  const owner = { apiVersion: 'example.com/v1', kind: 'Other', name: 'o', uid: 'u', controller: true }
  const metadata = { name: 'stray', namespace, labels: { app: 'web' }, ownerReferences: [owner] }
  await cluster.client.of(pods).create({ metadata, spec: { containers: [{ name: 'c', image: 'i' }] } })
  await cluster.until('nothing is allowed', async () => (await statusOf(cluster))?.disruptionsAllowed === 0)
  const { conditions = [] } = (await statusOf(cluster)) ?? {}
  assert.deepEqual(
    [conditions[0]?.reason, conditions[0]?.message],
    ['SyncFailed', 'found no controllers for pod "stray"'],
  )
  await cluster.stop()
})

test('a claim in use is held until its Pod is gone', async () => {
  const cluster = await startInDefault('persistentvolumeclaim-protection-controller')
  const claims = cluster.client.of(persistentVolumeClaims)
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  await claims.create({ metadata: { name: 'data', namespace }, spec })
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]
  const containers = [{ name: 'c', image: 'i' }]
  await cluster.client
    .of(pods)
    .create({ metadata: { name: 'p', namespace }, spec: { nodeName: 'n', volumes, containers } })
  const finalizers = async () => (await claims.get('data', { namespace })).metadata.finalizers ?? []
  await cluster.until('it is held', async () => (await finalizers()).includes('kubernetes.io/pvc-protection'))
  await claims.delete('data', { namespace })
  await cluster.clock.advanceMs(5000)
  assert.deepEqual(await finalizers(), ['kubernetes.io/pvc-protection'])
  await cluster.client.of(pods).delete('p', { namespace, gracePeriodSeconds: 0 })
  await cluster.until('it is gone', async () => (await claims.list({ namespace })).items.length === 0)
  await cluster.stop()
})

test('a VolumeAttributesClass in use is held until its claim is gone', async () => {
  const cluster = await startInDefault('volumeattributesclass-protection-controller')
  const classes = cluster.client.of(volumeAttributesClasses)
  const claims = cluster.client.of(persistentVolumeClaims)
  await classes.create({ metadata: { name: 'fast' }, driverName: 'd.example', parameters: { iops: '5' } })
  const finalizers = async () => (await classes.get('fast')).metadata.finalizers ?? []
  await cluster.until('it is held', async () => (await finalizers()).includes('kubernetes.io/vac-protection'))
  const resources = { requests: { storage: '1Gi' } }
  const spec = { accessModes: ['ReadWriteOnce'], resources, volumeAttributesClassName: 'fast' }
  await claims.create({ metadata: { name: 'data', namespace }, spec })
  await classes.delete('fast')
  await cluster.clock.advanceMs(5000)
  assert.deepEqual(await finalizers(), ['kubernetes.io/vac-protection'])
  await claims.delete('data', { namespace })
  await cluster.until('it is gone', async () => (await classes.list()).items.length === 0)
  await cluster.stop()
})
