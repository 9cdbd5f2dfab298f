// Three clusters side by side in one process: each with its own API server, datastore, scheduler and controllers.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Cluster, createInformer, isStatus, resources, silentLogger, systemClock } from '../src/index.ts'

const { configMaps, deployments, namespaces, pods, replicaSets } = resources

const deployment = (namespace: string) => ({
  metadata: { name: 'web', namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
  },
})

/** Resolves when `condition` holds for what the API lists; fails after ten seconds. */
async function until(cluster: Cluster, resource: typeof pods, condition: (count: number) => boolean): Promise<void> {
  const informer = createInformer({ client: cluster.client, resource, clock: systemClock, log: silentLogger })
  const found = new AbortController()
  const look = () => {
    if (informer.hasSynced && condition(informer.list().length)) found.abort()
  }
  informer.addHandler({ added: look, deleted: look })
  informer.synced.then(look, () => undefined)
  const timeout = AbortSignal.timeout(10_000)
  await informer.run(AbortSignal.any([found.signal, timeout]))
  assert.ok(found.signal.aborted, `timed out with ${informer.list().length} ${resource.plural}`)
}

describe('three clusters in one process', () => {
  let clusters: Cluster[] = []
  before(async () => {
    clusters = await Promise.all([1, 2, 3].map(() => Cluster.start({ nodes: 0 })))
  })
  after(async () => {
    await Promise.all(clusters.map((cluster) => cluster.stop()))
  })

  test('each has its own address and its own objects', async () => {
    assert.equal(new Set(clusters.map(({ url }) => url)).size, 3)
    await clusters[0]!.client.of(configMaps).create({ metadata: { name: 'only-here', namespace: 'default' } })
    const missing = clusters[1]!.client.of(configMaps).get('only-here', { namespace: 'default' })
    await assert.rejects(missing, (error) => isStatus(error, 'NotFound'))
  })

  test('the controllers of all of them make Pods of a Deployment, and a deleted owner takes its dependants along', async () => {
    await Promise.all(
      clusters.map(async (cluster) => {
        await cluster.client.of(deployments).create(deployment('default'))
        await until(cluster, pods, (count) => count === 2)
        await cluster.client.of(deployments).delete('web', { namespace: 'default', propagationPolicy: 'Background' })
        await until(cluster, pods, (count) => count === 0)
        assert.equal((await cluster.client.of(replicaSets).list()).items.length, 0)
      }),
    )
  })

  test('a deleted namespace is gone with all it held', async () => {
    const { client } = clusters[2]!
    await client.of(namespaces).create({ metadata: { name: 'demo' } })
    await client.of(configMaps).create({ metadata: { name: 'settings', namespace: 'demo' } })
    await client.of(namespaces).delete('demo')
    await until(clusters[2]!, namespaces as typeof pods, (count) => count === 4)
    assert.deepEqual((await client.of(configMaps).list({ namespace: 'demo' })).items, [])
  })
})
