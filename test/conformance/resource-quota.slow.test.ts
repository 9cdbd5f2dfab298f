import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, ResourceQuota, ResourceQuotaSpec } from '../../src/api/types/core/v1.ts'
import {
  configMaps,
  pods,
  replicaSets,
  replicationControllers,
  resourceQuotas,
  secrets,
  services,
} from '../../src/api/types/resources.ts'
import type { StatusError } from '../../src/machinery/status.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster, exists, idlePod, refusal, Watched } from './api.ts'

const api = conformanceCluster()

type Amounts = Readonly<Record<string, string>>

const quotas = () => api().client.of(resourceQuotas)

/** A quota whose use has been counted. */
async function createQuota(
  namespace: string,
  hard: Amounts,
  spec: ResourceQuotaSpec = {},
  name = 'quota',
): Promise<void> {
  await quotas().create({ metadata: { name, namespace }, spec: { ...spec, hard: { ...hard } } })
  await until('the quota is counted', async () => (await status(namespace, name))?.hard !== undefined)
}

async function status(namespace: string, name = 'quota') {
  return (await quotas().get(name, { namespace })).status
}

/** Waits until these amounts are said to be in use. */
async function used(namespace: string, amounts: Amounts, name = 'quota'): Promise<void> {
  let now: Amounts = {}
  const isSo = async () => {
    now = (await status(namespace, name))?.used ?? {}
    return Object.entries(amounts).every(([resource, amount]) => now[resource] === amount)
  }
  await until(`${JSON.stringify(amounts)} is in use`, isSo, { describe: () => now })
}

function assertExceeded({ status }: StatusError): void {
  assert.equal(status.code, 403)
  assert.match(status.message!, /exceeded quota: |must specify/)
}

interface PodDemand {
  readonly requests?: Record<string, string>
  readonly limits?: Record<string, string>
  readonly activeDeadlineSeconds?: number
}

function podThatWants(name: string, namespace: string, { activeDeadlineSeconds, ...resources }: PodDemand): Pod {
  const containers = [{ name: 'main', image: 'registry.example/pause:1', resources }]
  const spec = { containers, terminationGracePeriodSeconds: 0, ...(activeDeadlineSeconds && { activeDeadlineSeconds }) }
  return idlePod(name, namespace, { spec })
}

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated. [Conformance]', async () => {
  const namespace = await api().namespace()
  await createQuota(namespace, { pods: '5', services: '10', 'requests.cpu': '1' })
  const now = await status(namespace)
  assert.deepEqual(now?.hard, { pods: '5', 'requests.cpu': '1', services: '10' })
  assert.deepEqual(now?.used, { pods: '0', 'requests.cpu': '0', services: '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service. [Conformance]', async () => {
  const namespace = await api().namespace()
  await createQuota(namespace, { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '1' })
  const create = (name: string, type: string) => {
    const allocates = type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: false } : {}
    const spec = { type, ports: [{ port: 80 }], ...allocates }
    return api().client.of(services).create({ metadata: { name, namespace }, spec })
  }
  await create('cluster-ip', 'ClusterIP')
  await create('node-port', 'NodePort')
  assertExceeded(await refusal(create('load-balancer', 'LoadBalancer')))
  await used(namespace, { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
  await api().client.of(services).delete('cluster-ip', { namespace })
  await api().client.of(services).delete('node-port', { namespace })
  await used(namespace, { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]', async () => {
  const namespace = await api().namespace()
  const { items } = await api().client.of(secrets).list({ namespace })
  const before = items.length
  await createQuota(namespace, { secrets: String(before + 1) })
  await used(namespace, { secrets: String(before) })
  await api()
    .client.of(secrets)
    .create({ metadata: { name: 'test', namespace }, stringData: { a: 'b' } })
  await used(namespace, { secrets: String(before + 1) })
  await api().client.of(secrets).delete('test', { namespace })
  await used(namespace, { secrets: String(before) })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod. [Conformance]', async () => {
  const namespace = await api().namespace()
  const extended = 'requests.example.com/dongle'
  await createQuota(namespace, {
    pods: '5',
    cpu: '1',
    memory: '500Mi',
    'requests.ephemeral-storage': '50Gi',
    [extended]: '3',
  })
  const create = (name: string, amounts: Record<string, string>) => {
    const dongles = amounts['example.com/dongle']
    const limits = dongles === undefined ? {} : { limits: { 'example.com/dongle': dongles } }
    return api()
      .client.of(pods)
      .create(podThatWants(name, namespace, { requests: amounts, ...limits }))
  }
  await create('fits', { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', 'example.com/dongle': '2' })
  const taken = { pods: '1', cpu: '500m', memory: '252Mi', 'requests.ephemeral-storage': '30Gi', [extended]: '2' }
  await used(namespace, taken)
  assertExceeded(await refusal(create('too-much-cpu', { cpu: '600m', memory: '100Mi', 'ephemeral-storage': '1Gi' })))
  const dongles = { cpu: '100m', memory: '100Mi', 'ephemeral-storage': '1Gi', 'example.com/dongle': '2' }
  assertExceeded(await refusal(create('too-many-dongles', dongles)))
  const patch = { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m' } } }] } }
  const change = api().client.of(pods).patch('fits', patch, { namespace, type: 'strategic' })
  assert.equal((await refusal(change)).status.code, 422)
  await used(namespace, taken)
  await api().client.of(pods).delete('fits', { namespace, gracePeriodSeconds: 0 })
  await used(namespace, { pods: '0', cpu: '0', memory: '0', 'requests.ephemeral-storage': '0', [extended]: '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap. [Conformance]', async () => {
  const namespace = await api().namespace()
  const before = await until('the root certificate is there', async () => {
    const { items } = await api().client.of(configMaps).list({ namespace })
    return items.length
  })
  await createQuota(namespace, { configmaps: String(before + 1) })
  await used(namespace, { configmaps: String(before) })
  await api()
    .client.of(configMaps)
    .create({ metadata: { name: 'test', namespace } })
  await used(namespace, { configmaps: String(before + 1) })
  await api().client.of(configMaps).delete('test', { namespace })
  await used(namespace, { configmaps: String(before) })
})

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller. [Conformance]', async () => {
  const namespace = await api().namespace()
  await createQuota(namespace, { replicationcontrollers: '1' })
  const client = api().client.of(replicationControllers)
  await client.create({
    metadata: { name: 'test', namespace },
    spec: { replicas: 0, selector: { app: 'a' }, template },
  })
  await used(namespace, { replicationcontrollers: '1' })
  await client.delete('test', { namespace, propagationPolicy: 'Background' })
  await used(namespace, { replicationcontrollers: '0' })
})

test('[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set. [Conformance]', async () => {
  const namespace = await api().namespace()
  await createQuota(namespace, { 'count/replicasets.apps': '5' })
  const client = api().client.of(replicaSets)
  const spec = { replicas: 0, selector: { matchLabels: { app: 'a' } }, template }
  await client.create({ metadata: { name: 'test', namespace }, spec })
  await used(namespace, { 'count/replicasets.apps': '1' })
  await client.delete('test', { namespace })
  await used(namespace, { 'count/replicasets.apps': '0' })
})

interface ScopeCase {
  readonly scopes: readonly [string, string]
  readonly first: PodDemand
  readonly second: PodDemand
  readonly hard: Amounts
}

/** A Pod counts for the quota of its scope, and not for that of the opposite one. */
async function assertScopes({ scopes, first, second, hard }: ScopeCase): Promise<void> {
  const namespace = await api().namespace()
  for (const scope of scopes) await createQuota(namespace, hard, { scopes: [scope] }, scope.toLowerCase())
  const [own, opposite] = scopes.map((scope) => scope.toLowerCase()) as [string, string]
  for (const [name, demand, counted, other] of [
    ['first', first, own, opposite],
    ['second', second, opposite, own],
  ] as const) {
    await api()
      .client.of(pods)
      .create(podThatWants(name, namespace, demand))
    await used(namespace, { pods: '1' }, counted)
    await used(namespace, { pods: '0' }, other)
    await api().client.of(pods).delete(name, { namespace, gracePeriodSeconds: 0 })
    await used(namespace, { pods: '0' }, counted)
  }
}

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes. [Conformance]', async () => {
  const demand = { requests: { cpu: '500m', memory: '200Mi' }, limits: { cpu: '1', memory: '400Mi' } }
  await assertScopes({
    scopes: ['NotTerminating', 'Terminating'],
    hard: { pods: '5', 'requests.cpu': '1', 'requests.memory': '500Mi', 'limits.cpu': '2', 'limits.memory': '1Gi' },
    first: demand,
    second: { ...demand, activeDeadlineSeconds: 3_600 },
  })
})

test('[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope. [Conformance]', async () => {
  const demand = { requests: { cpu: '500m', memory: '200Mi' }, limits: { cpu: '1', memory: '400Mi' } }
  await assertScopes({ scopes: ['BestEffort', 'NotBestEffort'], hard: { pods: '5' }, first: {}, second: demand })
})

test('[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota. [Conformance]', async () => {
  const namespace = await api().namespace()
  await createQuota(namespace, { cpu: '1', memory: '500Mi' })
  const quota = structuredClone(await quotas().get('quota', { namespace })) as ResourceQuota
  quota.spec!.hard = { cpu: '2', memory: '1Gi' }
  assert.deepEqual((await quotas().update(quota)).spec?.hard, { cpu: '2', memory: '1Gi' })
  assert.deepEqual((await quotas().get('quota', { namespace })).spec?.hard, { cpu: '2', memory: '1Gi' })
  await quotas().delete('quota', { namespace })
  assert.equal(await exists(quotas().get('quota', { namespace })), false)
})

test('[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota [Conformance]', async () => {
  const namespace = await api().namespace()
  const name = 'lifecycle'
  await quotas().create({ metadata: { name, namespace, labels: { run: namespace } }, spec: { hard: { cpu: '500m' } } })
  assert.equal((await quotas().get(name, { namespace })).spec?.hard?.cpu, '500m')
  assert.equal((await quotas().list({ labelSelector: `run=${namespace}` })).items.length, 1)
  const patch = { metadata: { labels: { patched: 'true' } }, spec: { hard: { memory: '750Mi' } } }
  const patched = await quotas().patch(name, patch, { namespace, type: 'strategic' })
  assert.equal(patched.metadata.labels?.patched, 'true')
  assert.equal(patched.spec?.hard?.memory, '750Mi')
  await quotas().deleteCollection({ namespace, labelSelector: `run=${namespace}` })
  assert.equal((await quotas().list({ labelSelector: `run=${namespace}` })).items.length, 0)
})

test('[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status [Conformance]', async () => {
  const namespace = await api().namespace()
  const name = 'status'
  const hard = { cpu: '500m', memory: '500Mi' }
  const { metadata } = await quotas().list({ namespace })
  const resourceVersion = metadata.resourceVersion!
  const watched = await Watched.open(api().client, resourceQuotas, { namespace, resourceVersion })
  const shown = (cpu: string) => watched.until(({ object }) => object.status?.hard?.cpu === cpu)
  await quotas().create({ metadata: { name, namespace }, spec: { hard } })
  await shown('500m')
  const update = structuredClone(await quotas().get(name, { namespace, subresource: 'status' })) as ResourceQuota
  update.status!.hard = { cpu: '750m', memory: '750Mi' }
  await quotas().updateStatus(update)
  await shown('750m')
  const wanted = { cpu: '1', memory: '1Gi' }
  await quotas().patch(name, { spec: { hard: wanted } }, { namespace, type: 'strategic' })
  await shown('1')
  assert.deepEqual((await quotas().get(name, { namespace, subresource: 'status' })).status?.hard, wanted)
  const patch = { status: { hard: { cpu: '2', memory: '2Gi' } } }
  const patched = await quotas().patch(name, patch, { namespace, type: 'strategic', subresource: 'status' })
  assert.deepEqual([patched.status?.hard, patched.spec?.hard], [patch.status.hard, wanted])
  await shown('2')
  // A status alone is not looked at until the next round, five minutes later or when something is given back.
  const spec = { ports: [{ port: 80 }] }
  await api()
    .client.of(services)
    .create({ metadata: { name: 'given-back', namespace }, spec })
  await api().client.of(services).delete('given-back', { namespace })
  await shown('1')
  watched.stop()
})
