import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DaemonSet } from '../../src/api/types/apps/v1.ts'
import type { Node, Pod } from '../../src/api/types/core/v1.ts'
import { controllerRevisions, daemonSets, namespaces, nodes, pods } from '../../src/api/types/resources.ts'
import { type ControllersUnderTest, startControllers } from '../support/controllers.ts'

const namespace = 'default'

const agent = (image = 'agent:1', extra: Partial<NonNullable<DaemonSet['spec']>> = {}): DaemonSet => ({
  metadata: { name: 'agent', namespace },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image }] } },
    ...extra,
  },
})

async function start(): Promise<ControllersUnderTest> {
  const cluster = await startControllers({ names: ['daemonset-controller'] })
  await cluster.client.of(namespaces).create({ metadata: { name: namespace } })
  for (const name of ['n1', 'n2', 'n3']) await cluster.client.of(nodes).create({ metadata: { name } })
  return cluster
}

async function complete({ client }: ControllersUnderTest, count: number): Promise<boolean> {
  const { metadata, status } = await client.of(daemonSets).get('agent', { namespace })
  return (
    status?.observedGeneration === metadata.generation &&
    status?.desiredNumberScheduled === count &&
    status.updatedNumberScheduled === count &&
    status.numberAvailable === count
  )
}

const targets = async ({ client }: ControllersUnderTest) =>
  (await client.of(pods).list({ namespace })).items
    .map(
      ({ spec }) => spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0],
    )
    .map((term) => term?.matchFields?.[0]?.values?.[0])
    .sort()

test('each node gets one Pod, also a node that comes later, and none that does not tolerate its taint', async () => {
  const cluster = await start()
  const { client, until, stop } = cluster
  await client.of(daemonSets).create(agent())
  await until('three Pods', () => complete(cluster, 3))
  assert.deepEqual(await targets(cluster), ['n1', 'n2', 'n3'])
  await client.of(nodes).create({ metadata: { name: 'n4' } })
  await until('four Pods', () => complete(cluster, 4))
  const tainted = structuredClone(await client.of(nodes).get('n4')) as Node
  tainted.spec = { ...tainted.spec, taints: [{ key: 'own', effect: 'NoExecute' }] }
  await client.of(nodes).update(tainted)
  await until('three Pods again', async () => (await targets(cluster)).join() === 'n1,n2,n3')
  await stop()
})

test('a rolling update replaces one Pod at a time and keeps the template before', async () => {
  const cluster = await start()
  const { client, until, stop } = cluster
  await client.of(daemonSets).create(agent())
  await until('the first rollout', () => complete(cluster, 3))
  const draft = structuredClone(await client.of(daemonSets).get('agent', { namespace })) as DaemonSet
  draft.spec!.template!.spec!.containers[0]!.image = 'agent:2'
  await client.of(daemonSets).update(draft)
  await until('the second rollout', async () => {
    const running = (await client.of(pods).list({ namespace })).items.filter(
      ({ status }) => status?.phase === 'Running',
    )
    assert.ok(running.length >= 2)
    return complete(cluster, 3)
  })
  const images = (await client.of(pods).list({ namespace })).items.map(({ spec }) => spec?.containers[0]?.image)
  assert.deepEqual(images, ['agent:2', 'agent:2', 'agent:2'])
  const revisions = (await client.of(controllerRevisions).list({ namespace })).items.map(({ revision }) => revision)
  assert.deepEqual(revisions.sort(), [1, 2])
  await stop()
})

test('with surge the new Pod starts before the old one goes', async () => {
  const cluster = await start()
  const { client, until, stop } = cluster
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  await client.of(daemonSets).create(agent('agent:1', { updateStrategy }))
  await until('the first rollout', () => complete(cluster, 3))
  const draft = structuredClone(await client.of(daemonSets).get('agent', { namespace })) as DaemonSet
  draft.spec!.template!.spec!.containers[0]!.image = 'agent:2'
  await client.of(daemonSets).update(draft)
  await until('the second rollout', async () => {
    const running = (await client.of(pods).list({ namespace })).items.filter(
      ({ status }) => status?.phase === 'Running',
    )
    assert.ok(running.length >= 3)
    return running.length === 3 && (await complete(cluster, 3))
  })
  await stop()
})

test('a failed Pod is replaced, and told of', async () => {
  const cluster = await start()
  const { client, until, stop } = cluster
  await client.of(daemonSets).create(agent())
  await until('the first rollout', () => complete(cluster, 3))
  const [victim] = (await client.of(pods).list({ namespace })).items
  await client.of(pods).updateStatus({ ...(structuredClone(victim) as Pod), status: { phase: 'Failed' } })
  await until('a new Pod', async () => {
    const names = (await client.of(pods).list({ namespace })).items.map(({ metadata }) => metadata.name)
    return !names.includes(victim!.metadata.name) && (await complete(cluster, 3))
  })
  await stop()
})
