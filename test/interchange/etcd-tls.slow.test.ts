import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { configMaps } from '../../src/api/types/resources.ts'
import { CertificateAuthority } from '../../src/cluster/certificates.ts'
import { Cluster } from '../../src/cluster/embedded.ts'
import { UsageError } from '../../src/cluster/usage-error.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { etcdSkipReason } from '../../src/store/etcd/etcd-process.ts'
import { freePort } from '../support/cluster-process.ts'
import { BackgroundProgram } from '../support/processes.ts'

/** As every cluster of upstream's has it: nobody reads etcd without a certificate of its authority. */
describe('an etcd that asks for certificates', { skip: etcdSkipReason ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-etcd-tls-'))
  const file = (name: string) => join(directory, name)
  let etcd: BackgroundProgram
  let datastore: string

  before(async () => {
    const authority = await CertificateAuthority.create('etcd-ca', systemClock)
    const server = await authority.issue({ commonName: 'etcd', usage: 'server', names: ['127.0.0.1'] })
    const client = await authority.issue({ commonName: 'kube-apiserver-etcd-client', usage: 'client' })
    writeFileSync(file('ca.crt'), authority.pair.certificate)
    for (const [name, { certificate, key }] of Object.entries({ server, client })) {
      writeFileSync(file(`${name}.crt`), certificate)
      writeFileSync(file(`${name}.key`), key)
    }
    const [clientPort, peerPort] = [await freePort(), await freePort()]
    const [clientUrl, peerUrl] = [`https://127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`]
    datastore = `etcds://127.0.0.1:${clientPort}`
    etcd = new BackgroundProgram('/usr/bin/etcd', [
      ...['--data-dir', file('data'), '--name', 'test', '--initial-cluster', `test=${peerUrl}`],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--cert-file', file('server.crt'), '--key-file', file('server.key')],
      ...['--client-cert-auth', '--trusted-ca-file', file('ca.crt')],
    ])
    await etcd.untilPrinted(/ready to serve client requests/)
  })
  after(async () => {
    await etcd?.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  test('serves whoever has one', async () => {
    const files = { etcdCafile: file('ca.crt'), etcdCertfile: file('client.crt'), etcdKeyfile: file('client.key') }
    await using cluster = await Cluster.start({ components: ['apiserver'], datastore, ...files })
    const made = await cluster.client.of(configMaps).create({ metadata: { name: 'c', namespace: 'default' } })
    assert.equal(made.metadata.name, 'c')
  })

  test('does not serve others', async () => {
    const start = Cluster.start({ components: ['apiserver'], datastore, etcdCafile: file('ca.crt') })
    await assert.rejects(start, { name: 'StoreError', code: 'Unavailable' })
  })

  for (const { title, options, says } of [
    { title: 'a key without a certificate', options: { etcdKeyfile: 'server.key' }, says: /must be given together/ },
    { title: 'a file that is not there', options: { etcdCafile: 'none' }, says: /cannot read --etcd-cafile .*ENOENT/ },
  ]) {
    test(`is not even asked for with ${title}`, async () => {
      const named = Object.fromEntries(Object.entries(options).map(([flag, name]) => [flag, file(name)]))
      const start = Cluster.start({ components: ['apiserver'], datastore, ...named })
      await assert.rejects(start, (error) => error instanceof UsageError && says.test(error.message))
    })
  }
})
