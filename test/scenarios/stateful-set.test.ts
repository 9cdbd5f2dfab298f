import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatefulSet, StatefulSetSpec } from '../../src/api/types/apps/v1.ts'
import type { Pod } from '../../src/api/types/core/v1.ts'
import { controllerRevisions, persistentVolumeClaims, pods, statefulSets } from '../../src/api/types/resources.ts'
import { startInDefault, toldEvents } from '../support/batch.ts'
import type { ControllersUnderTest } from '../support/controllers.ts'

const namespace = 'default'

async function startWith(spec: Partial<StatefulSetSpec> = {}): Promise<ControllersUnderTest> {
  const cluster = await startInDefault('statefulset-controller', 'garbage-collector-controller')
  await cluster.client.of(statefulSets).create({
    metadata: { name: 'db', namespace },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db:1' }] } },
      ...spec,
    },
  })
  return cluster
}

async function podsOf({ client }: ControllersUnderTest): Promise<readonly Pod[]> {
  const { items } = await client.of(pods).list({ namespace })
  return (items as unknown as Pod[]).toSorted((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1))
}

const summary = async (cluster: ControllersUnderTest) =>
  (await podsOf(cluster)).map(({ metadata, spec }) => `${metadata?.name} ${spec?.containers[0]?.image}`).join()

async function change({ client }: ControllersUnderTest, edit: (draft: StatefulSet) => void): Promise<void> {
  const draft = structuredClone(await client.of(statefulSets).get('db', { namespace })) as StatefulSet
  edit(draft)
  await client.of(statefulSets).update(draft)
}

const untilReady = (cluster: ControllersUnderTest) =>
  cluster.until('all are ready and updated', async () => {
    const { spec, status, metadata } = await cluster.client.of(statefulSets).get('db', { namespace })
    const counts = [status?.readyReplicas ?? 0, status?.updatedReplicas ?? 0, status?.replicas]
    return status?.observedGeneration === metadata.generation && counts.every((count) => count === spec?.replicas)
  })

const setImage = (image: string) => (draft: StatefulSet) => {
  draft.spec!.template.spec!.containers[0]!.image = image
}

const claimTemplate = {
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
}

test('Pods come one by one, each with its name, host name and claim', async () => {
  const cluster = await startWith({ volumeClaimTemplates: [claimTemplate] })
  await cluster.until('all three', async () => {
    const all = await podsOf(cluster)
    const waiting = all.slice(0, -1).filter(({ status }) => status?.phase !== 'Running')
    assert.deepEqual(waiting, [], 'a Pod came before the one below it ran')
    return all.length === 3
  })
  await untilReady(cluster)
  const [first] = await podsOf(cluster)
  assert.deepEqual([first?.metadata?.name, first?.spec?.hostname, first?.spec?.subdomain], ['db-0', 'db-0', 'db'])
  assert.equal(first?.metadata?.labels?.['apps.kubernetes.io/pod-index'], '0')
  assert.equal(first?.spec?.volumes?.[0]?.persistentVolumeClaim?.claimName, 'data-db-0')
  const claims = (await cluster.client.of(persistentVolumeClaims).list({ namespace })).items
  assert.deepEqual(claims.map(({ metadata }) => metadata.name).sort(), ['data-db-0', 'data-db-1', 'data-db-2'])
  const { status } = await cluster.client.of(statefulSets).get('db', { namespace })
  assert.equal(status?.currentRevision, status?.updateRevision)
  assert.equal(status?.availableReplicas, 3)
  const told = await toldEvents(cluster)
  assert.ok(told.includes('SuccessfulCreate: Create Pod db-0 in StatefulSet db successful'))
  assert.ok(told.includes('SuccessfulCreate: Create Claim data-db-0 Pod db-0 in StatefulSet db success'))
  await cluster.stop()
})

test('a rolling update goes from the highest ordinal down, one Pod at a time, and stops at the partition', async () => {
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }
  const cluster = await startWith({ updateStrategy })
  await untilReady(cluster)
  await change(cluster, setImage('db:2'))
  await cluster.until('two are new', async () => {
    const running = (await podsOf(cluster)).filter(({ status }) => status?.phase === 'Running')
    assert.ok(running.length >= 2)
    return (await summary(cluster)) === 'db-0 db:1,db-1 db:2,db-2 db:2'
  })
  await cluster.clock.advanceMs(5000)
  assert.equal(await summary(cluster), 'db-0 db:1,db-1 db:2,db-2 db:2')
  const { status } = await cluster.client.of(statefulSets).get('db', { namespace })
  assert.notEqual(status?.currentRevision, status?.updateRevision)
  assert.deepEqual([status?.currentReplicas, status?.updatedReplicas], [1, 2])
  await cluster.client.of(pods).delete('db-0', { namespace, gracePeriodSeconds: 0 })
  await cluster.until('the old one again', async () => (await podsOf(cluster)).length === 3)
  assert.equal(await summary(cluster), 'db-0 db:1,db-1 db:2,db-2 db:2')
  await change(cluster, (draft) => {
    draft.spec!.updateStrategy!.rollingUpdate!.partition = 0
  })
  await untilReady(cluster)
  assert.equal(await summary(cluster), 'db-0 db:2,db-1 db:2,db-2 db:2')
  assert.equal((await cluster.client.of(controllerRevisions).list({ namespace })).items.length, 2)
  await cluster.stop()
})

test('OnDelete updates only what somebody deletes', async () => {
  const cluster = await startWith({ replicas: 2, updateStrategy: { type: 'OnDelete' } })
  await untilReady(cluster)
  await change(cluster, setImage('db:2'))
  await cluster.clock.advanceMs(5000)
  assert.equal(await summary(cluster), 'db-0 db:1,db-1 db:1')
  await cluster.client.of(pods).delete('db-0', { namespace })
  await cluster.until('one is new', async () => (await summary(cluster)) === 'db-0 db:2,db-1 db:1')
  await cluster.stop()
})

test('a parallel set does not wait for a Pod that does not start, and begins at its first ordinal', async () => {
  const template = {
    metadata: { labels: { app: 'db', stays: 'pending' } },
    spec: { containers: [{ name: 'db', image: 'db:1' }] },
  }
  const cluster = await startWith({ template, podManagementPolicy: 'Parallel', ordinals: { start: 5 } })
  await cluster.until('all', async () => (await summary(cluster)) === 'db-5 db:1,db-6 db:1,db-7 db:1')
  await cluster.stop()
})

test('claims outlive their Pods, unless the retention policy says otherwise', async () => {
  const retention = { whenScaled: 'Delete', whenDeleted: 'Retain' }
  const cluster = await startWith({
    volumeClaimTemplates: [claimTemplate],
    persistentVolumeClaimRetentionPolicy: retention,
  })
  await untilReady(cluster)
  await change(cluster, (draft) => {
    draft.spec!.replicas = 1
  })
  const names = async () =>
    (await cluster.client.of(persistentVolumeClaims).list({ namespace })).items
      .filter(({ metadata }) => !metadata.deletionTimestamp)
      .map(({ metadata }) => metadata.name)
      .sort()
      .join()
  await cluster.until('one Pod', async () => (await summary(cluster)) === 'db-0 db:1')
  await cluster.until('one claim', async () => (await names()) === 'data-db-0')
  await cluster.client.of(statefulSets).delete('db', { namespace })
  await cluster.until('no Pods', async () => (await podsOf(cluster)).length === 0)
  await cluster.clock.advanceMs(5000)
  assert.equal(await names(), 'data-db-0')
  await cluster.stop()
})
