import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, ResourceQuotaSpec } from '../../src/api/types/core/v1.ts'
import { configMaps, deployments, pods, resourceQuotas } from '../../src/api/types/resources.ts'
import { startInDefault } from '../support/batch.ts'
import type { ControllersUnderTest } from '../support/controllers.ts'

const namespace = 'default'

const pod = (name: string, requests?: Record<string, string>): Pod => ({
  metadata: { name, namespace },
  spec: { containers: [{ name: 'c', image: 'i', ...(requests ? { resources: { requests } } : {}) }] },
})

async function startWith(spec: ResourceQuotaSpec): Promise<ControllersUnderTest> {
  const cluster = await startInDefault('resourcequota-controller')
  await cluster.client.of(pods).create(pod('a', { cpu: '500m', memory: '1Gi' }))
  await cluster.client.of(pods).create(pod('b', { cpu: '1' }))
  await cluster.client.of(pods).create(pod('c'))
  await cluster.client.of(configMaps).create({ metadata: { name: 'm', namespace } })
  const metadata = { name: 'web', namespace }
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const selector = { matchLabels: { app: 'web' } }
  await cluster.client.of(deployments).create({ metadata, spec: { selector, template } })
  await cluster.client.of(resourceQuotas).create({ metadata: { name: 'quota', namespace }, spec })
  return cluster
}

async function untilUsed({ client, until }: ControllersUnderTest, wanted: Record<string, string>): Promise<void> {
  const used = async () => (await client.of(resourceQuotas).get('quota', { namespace })).status?.used
  await until('the quota is counted', async () => (await used()) !== undefined)
  await until(JSON.stringify(wanted), async () => {
    const found = (await used()) ?? {}
    return Object.entries(wanted).every(([name, amount]) => found[name] === amount)
  })
  assert.deepEqual(await used(), wanted)
}

const rows: [title: string, spec: ResourceQuotaSpec, used: Record<string, string>][] = [
  [
    'amounts of Pods',
    { hard: { pods: '10', cpu: '4', 'requests.memory': '8Gi', 'limits.cpu': '4' } },
    { pods: '3', cpu: '1500m', 'requests.memory': '1Gi', 'limits.cpu': '0' },
  ],
  [
    'numbers of objects of any kind',
    { hard: { configmaps: '5', 'count/deployments.apps': '5', 'count/pods': '9', secrets: '1' } },
    { configmaps: '1', 'count/deployments.apps': '1', 'count/pods': '3', secrets: '0' },
  ],
  ['Pods without requests alone', { hard: { pods: '5' }, scopes: ['BestEffort'] }, { pods: '1' }],
  ['Pods with requests alone', { hard: { pods: '5' }, scopes: ['NotBestEffort'] }, { pods: '2' }],
]
for (const [title, spec, used] of rows) {
  test(`a quota counts ${title}`, async () => {
    const cluster = await startWith(spec)
    await untilUsed(cluster, used)
    await cluster.stop()
  })
}

test('what is deleted or has ended is given back', async () => {
  const cluster = await startWith({ hard: { pods: '10', cpu: '4' } })
  await untilUsed(cluster, { pods: '3', cpu: '1500m' })
  await cluster.client.of(pods).delete('b', { namespace, gracePeriodSeconds: 0 })
  await untilUsed(cluster, { pods: '2', cpu: '500m' })
  const ended = (await cluster.client.of(pods).get('a', { namespace })) as Pod
  await cluster.client.of(pods).updateStatus({ ...ended, status: { ...ended.status, phase: 'Succeeded' } })
  await untilUsed(cluster, { pods: '1', cpu: '0' })
  await cluster.stop()
})
