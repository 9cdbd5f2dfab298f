import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment } from '../../src/api/types/apps/v1.ts'
import { deployments, events, namespaces, pods, replicaSets } from '../../src/api/types/resources.ts'
import { type ControllersUnderTest, startControllers } from '../support/controllers.ts'

const namespace = 'default'

const web = (image: string, replicas = 3): Deployment => ({
  metadata: { name: 'web', namespace },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
  },
})

async function start(): Promise<ControllersUnderTest> {
  const cluster = await startControllers({ names: ['deployment-controller', 'replicaset-controller'] })
  await cluster.client.of(namespaces).create({ metadata: { name: namespace } })
  return cluster
}

async function complete({ client }: ControllersUnderTest): Promise<boolean> {
  const { metadata, spec, status } = await client.of(deployments).get('web', { namespace })
  return (
    status?.observedGeneration === metadata.generation &&
    status?.updatedReplicas === spec?.replicas &&
    status?.replicas === spec?.replicas &&
    status?.availableReplicas === spec?.replicas
  )
}

async function change({ client }: ControllersUnderTest, edit: (draft: Deployment) => void): Promise<void> {
  const draft = structuredClone(await client.of(deployments).get('web', { namespace })) as Deployment
  edit(draft)
  await client.of(deployments).update(draft)
}

test('a Deployment gets its Pods, and says so in conditions and events', async () => {
  const cluster = await start()
  const { client } = cluster
  await client.of(deployments).create(web('web:1'))
  await cluster.until('the first rollout', () => complete(cluster))
  const { metadata, status } = await client.of(deployments).get('web', { namespace })
  assert.equal(metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
  assert.deepEqual((status?.conditions ?? []).map(({ type, status, reason }) => [type, status, reason]).sort(), [
    ['Available', 'True', 'MinimumReplicasAvailable'],
    ['Progressing', 'True', 'NewReplicaSetAvailable'],
  ])
  const [replicaSet] = (await client.of(replicaSets).list({ namespace })).items
  const hash = replicaSet?.metadata.labels?.['pod-template-hash']
  assert.equal(replicaSet?.metadata.name, `web-${hash}`)
  await cluster.clock.advanceMs(1000)
  const told = (await client.of(events).list({ namespace })).items.map(({ reason, message }) => `${reason}: ${message}`)
  assert.ok(told.includes(`ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`))
  assert.equal(told.filter((text) => text.startsWith('SuccessfulCreate: Created pod: web-')).length, 3)
  await cluster.stop()
})

test('a rolling update never falls below what must be available and never exceeds the surge', async () => {
  const cluster = await start()
  const { client } = cluster
  await client.of(deployments).create(web('web:1', 4))
  await cluster.until('the first rollout', () => complete(cluster))
  const seen: { total: number; available: number }[] = []
  await change(cluster, (draft) => {
    draft.spec!.template!.spec!.containers[0]!.image = 'web:2'
  })
  await cluster.until('the second rollout', async () => {
    const all = (await client.of(replicaSets).list({ namespace })).items
    const sum = (count: (replicaSet: (typeof all)[number]) => number | undefined) =>
      all.reduce((total, replicaSet) => total + (count(replicaSet) ?? 0), 0)
    seen.push({ total: sum(({ spec }) => spec?.replicas), available: sum(({ status }) => status?.availableReplicas) })
    return complete(cluster)
  })
  assert.ok(seen.every(({ total }) => total <= 5))
  assert.ok(seen.every(({ available }) => available >= 3))
  const images = (await client.of(pods).list({ namespace })).items.map(({ spec }) => spec?.containers[0]?.image)
  assert.deepEqual(images, ['web:2', 'web:2', 'web:2', 'web:2'])
  await cluster.stop()
})

test('going back to the first template takes its ReplicaSet again, as revision 3 with 1 in its history', async () => {
  const cluster = await start()
  const { client } = cluster
  await client.of(deployments).create(web('web:1', 2))
  await cluster.until('rollout 1', () => complete(cluster))
  for (const image of ['web:2', 'web:1']) {
    await change(cluster, (draft) => {
      draft.spec!.template!.spec!.containers[0]!.image = image
    })
    await cluster.until(`rollout of ${image}`, () => complete(cluster))
  }
  const all = (await client.of(replicaSets).list({ namespace })).items
  assert.equal(all.length, 2)
  const back = all.find(({ spec }) => spec?.template?.spec?.containers[0]?.image === 'web:1')
  assert.equal(back?.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
  assert.equal(back?.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1')
  assert.equal(back?.spec?.replicas, 2)
  await cluster.stop()
})

test('a paused Deployment takes a new size but no new template until it goes on', async () => {
  const cluster = await start()
  const { client } = cluster
  await client.of(deployments).create(web('web:1', 2))
  await cluster.until('the first rollout', () => complete(cluster))
  await change(cluster, (draft) => {
    draft.spec!.paused = true
    draft.spec!.replicas = 3
    draft.spec!.template!.spec!.containers[0]!.image = 'web:2'
  })
  await cluster.until('three old Pods', async () => (await client.of(pods).list({ namespace })).items.length === 3)
  assert.equal((await client.of(replicaSets).list({ namespace })).items.length, 1)
  await change(cluster, (draft) => {
    draft.spec!.paused = false
  })
  await cluster.until('the rollout', () => complete(cluster))
  await cluster.stop()
})

test('Recreate starts new Pods only when the old ones are gone', async () => {
  const cluster = await start()
  const { client } = cluster
  const recreate = web('web:1', 2)
  recreate.spec!.strategy = { type: 'Recreate' }
  await client.of(deployments).create(recreate)
  await cluster.until('the first rollout', () => complete(cluster))
  await change(cluster, (draft) => {
    draft.spec!.template!.spec!.containers[0]!.image = 'web:2'
  })
  await cluster.until('the second rollout', async () => {
    const images = new Set(
      (await client.of(pods).list({ namespace })).items.map(({ spec }) => spec?.containers[0]?.image),
    )
    assert.ok(images.size <= 1, 'old and new Pods at once')
    return complete(cluster)
  })
  await cluster.stop()
})

test('a rollout that does not move is called late after its deadline', async () => {
  const cluster = await start()
  const { client } = cluster
  const stuck = web('web:1', 1)
  stuck.spec!.template!.metadata!.labels!.stays = 'pending'
  stuck.spec!.progressDeadlineSeconds = 60
  await client.of(deployments).create(stuck)
  const progressing = async () => {
    const { status } = await client.of(deployments).get('web', { namespace })
    return status?.conditions?.find(({ type }) => type === 'Progressing')
  }
  await cluster.until('the deadline', async () => (await progressing())?.reason === 'ProgressDeadlineExceeded')
  assert.equal((await progressing())?.status, 'False')
  await cluster.stop()
})

test('a Pod that is deleted is replaced, and one that loses its label is released and replaced', async () => {
  const cluster = await start()
  const { client } = cluster
  await client.of(deployments).create(web('web:1', 2))
  await cluster.until('the first rollout', () => complete(cluster))
  const [first, second] = (await client.of(pods).list({ namespace })).items
  await client.of(pods).delete(first!.metadata.name, { namespace, gracePeriodSeconds: 0 })
  await client
    .of(pods)
    .patch(second!.metadata.name, { metadata: { labels: { app: 'other' } } }, { type: 'merge', namespace })
  await cluster.until('two new Pods', async () => {
    const { items } = await client.of(pods).list({ namespace, labelSelector: 'app=web' })
    return items.length === 2 && items.every(({ status }) => status?.phase === 'Running')
  })
  const released = await client.of(pods).get(second!.metadata.name, { namespace })
  assert.deepEqual(released.metadata.ownerReferences ?? [], [])
  await cluster.stop()
})
