import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Transport } from '../../src/client/transport.ts'
import { Cluster } from '../../src/cluster/embedded.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { isEnvelope } from '../../src/machinery/protobuf/envelope.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { type EtcdProcess, etcdSkipReason, startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { openEtcdStore } from '../../src/store/etcd/etcd-store.ts'
import type { Store } from '../../src/store/store.ts'
import { kubeconfigTransport } from '../support/kubeconfig-transport.ts'
import { objectPath } from './every-kind.ts'
import { serviceCidr } from './kube-apiserver.ts'
import { placeOf, readRecording } from './recording.ts'

/** Revisions are those of this etcd. */
function withoutRevision({ metadata, ...rest }: KubeObject): KubeObject {
  const { resourceVersion: _revision, ...others } = metadata ?? {}
  return { ...rest, metadata: others }
}

describe('on an etcd that kube-apiserver wrote, kubets', { skip: etcdSkipReason ?? false }, () => {
  const { values, lists } = readRecording()
  let etcd: EtcdProcess
  let store: Store
  let cluster: Cluster
  let transport: Transport

  before(async () => {
    etcd = await startEtcd()
    store = await openEtcdStore({ endpoints: [etcd.endpoint], clock: systemClock, log: silentLogger })
    const writes = values.map(({ key, value }) => ({ key, value: Buffer.from(value, 'base64'), expected: 0 }))
    await Promise.all(writes.map((write) => store.write(write)))
    cluster = await Cluster.start({
      components: ['apiserver'],
      datastore: `etcd://${etcd.endpoint}`,
      serviceCidr,
      // The recorded Events are long over.
      eventTtl: 100 * 365 * 86_400_000,
    })
    transport = kubeconfigTransport(cluster.kubeconfig)
  })

  after(async () => {
    await transport?.close()
    await cluster?.stop()
    await store?.close()
    await etcd?.dispose()
  })

  for (const [path, wanted] of Object.entries(lists)) {
    if (wanted.length === 0) continue

    test(`lists ${path} as kube-apiserver did`, async () => {
      const { status, body } = await transport.request({ method: 'GET', path })
      assert.equal(status, 200, JSON.stringify(body))
      const found = new Map((body as { items: KubeObject[] }).items.map((item) => [placeOf(item), item]))
      for (const item of wanted) {
        const shown = found.get(placeOf(item))
        // As text: the order of members counts, too.
        assert.equal(JSON.stringify(shown && withoutRevision(shown)), JSON.stringify(withoutRevision(item)))
      }
    })
  }

  test('goes on with every object, and leaves values of the same form', async () => {
    const contentType = 'application/merge-patch+json'
    const body = { metadata: { annotations: { 'example.net/by': 'kubets' } } }
    for (const [path, items] of Object.entries(lists)) {
      for (const item of items) {
        const at = objectPath(path, item)
        const answer = await transport.request({ method: 'PATCH', path: at, contentType, body })
        assert.equal(answer.status, 200, `${at}: ${JSON.stringify(answer.body)}`)
      }
    }
    await store.fresh()
    for (const { key, value } of values) {
      const now = store.get(key)
      assert.ok(now, `${key} is gone`)
      assert.equal(isEnvelope(now.value), isEnvelope(Buffer.from(value, 'base64')), key)
    }
  })
})
