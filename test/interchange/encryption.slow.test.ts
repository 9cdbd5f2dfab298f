import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { secrets } from '../../src/api/types/resources.ts'
import { createClient } from '../../src/client/typed-client.ts'
import { adminIdentity } from '../../src/cluster/control-plane.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { etcdSkipReason, startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { openEtcdStore } from '../../src/store/etcd/etcd-store.ts'
import { encryptionAtRest } from './encryption-at-rest.ts'
import { startKubeApiserver, upstreamSkipReason } from './kube-apiserver.ts'
import { startKubets } from './kubets.ts'

describe('over etcd', { skip: etcdSkipReason ?? false }, async () => {
  if (etcdSkipReason !== undefined) return
  const etcd = await startEtcd()
  after(() => etcd.dispose())
  encryptionAtRest({
    name: 'etcd',
    datastore: `etcd://${etcd.endpoint}`,
    open: () => openEtcdStore({ endpoints: [etcd.endpoint], clock: systemClock, log: silentLogger }),
  })
})

const skip = etcdSkipReason ?? upstreamSkipReason('kube-apiserver') ?? false
const secretNamed = (name: string) => ({ metadata: { name, namespace: 'default' }, stringData: { word: name } })
const wordOf = (data: Readonly<Record<string, string>> | undefined) =>
  Buffer.from(data?.word ?? '', 'base64').toString()

for (const provider of ['aesgcm', 'aescbc', 'secretbox']) {
  test(`kubets and kube-apiserver read each other's secrets, encrypted by ${provider}`, { skip }, async () => {
    await using cleanup = new AsyncDisposableStack()
    const directory = mkdtempSync(join(tmpdir(), 'kubets-interchange-'))
    cleanup.defer(() => rmSync(directory, { recursive: true }))
    const pki = join(directory, 'pki')
    const encryptionProviderConfig = join(directory, 'encryption.json')
    const keys = [{ name: 'key1', secret: Buffer.alloc(32, 9).toString('base64') }]
    const resources = [{ resources: ['secrets'], providers: [{ [provider]: { keys } }] }]
    const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources }
    writeFileSync(encryptionProviderConfig, JSON.stringify(configuration))
    const etcd = await startEtcd()
    cleanup.defer(() => etcd.dispose())

    const kubets = await startKubets({ etcd: etcd.endpoint, pki, encryptionProviderConfig })
    cleanup.defer(() => kubets.close())
    const ours = kubets.clientFor(adminIdentity).of(secrets)
    await ours.create(secretNamed('from-kubets'))
    const flags = ['--encryption-provider-config', encryptionProviderConfig]
    const upstream = await startKubeApiserver({ etcd: etcd.endpoint, pki, flags })
    cleanup.defer(() => upstream.stop())
    const theirs = createClient(upstream.transport).of(secrets)
    assert.equal(wordOf((await theirs.get('from-kubets', { namespace: 'default' })).data), 'from-kubets')

    const { metadata } = await ours.list({ namespace: 'default' })
    const stream = await ours.watch({ namespace: 'default', resourceVersion: metadata.resourceVersion ?? '' })
    await theirs.create(secretNamed('from-upstream'))
    for await (const { object } of stream) {
      assert.equal(wordOf((object as { data?: Record<string, string> }).data), 'from-upstream')
      break
    }
  })
}
