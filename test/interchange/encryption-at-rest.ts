import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Secret } from '../../src/api/types/core/v1.ts'
import { configMaps, secrets } from '../../src/api/types/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { adminIdentity, startControlPlane } from '../../src/cluster/control-plane.ts'
import { resolveOptions } from '../../src/cluster/options.ts'
import { UsageError } from '../../src/cluster/usage-error.ts'
import { isStatus } from '../../src/machinery/status.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createLogger, silentLogger } from '../../src/platform/log.ts'
import type { Store } from '../../src/store/store.ts'

/** Where a cluster's values lie, and how to look at them as they lie there. */
export interface DatastoreUnderTest {
  readonly name: string
  /** What `--datastore` says; SQLite's file is `database`. */
  readonly datastore: string
  open(database: string): Promise<Store>
}

const key1 = { name: 'key1', secret: Buffer.alloc(32, 1).toString('base64') }
const key2 = { name: 'key2', secret: Buffer.alloc(32, 2).toString('base64') }
const identity = { identity: {} }
const inDefault = { namespace: 'default' }
const [secretKey, configMapKey] = ['/registry/secrets/default/s', '/registry/configmaps/default/c']
const opened = 'sesame'

class EncryptedCluster {
  readonly #directory = mkdtempSync(join(tmpdir(), 'kubets-encryption-'))
  readonly #database = join(this.#directory, 'kubets.db')
  readonly #under: DatastoreUnderTest

  constructor(under: DatastoreUnderTest) {
    this.#under = under
  }

  /** One life of the API server, its secrets encrypted by `providers`. */
  async run(providers: readonly object[], use: (client: Client) => Promise<void>, log = silentLogger): Promise<void> {
    const encryptionProviderConfig = join(this.#directory, 'encryption.json')
    const resources = [{ resources: ['secrets'], providers }]
    const configuration = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources }
    writeFileSync(encryptionProviderConfig, JSON.stringify(configuration))
    const controlPlane = await startControlPlane({
      options: resolveOptions({
        port: 0,
        bindAddress: '127.0.0.1',
        datastore: this.#under.datastore,
        encryptionProviderConfig,
      }),
      database: this.#database,
      pkiDirectory: undefined,
      advertiseAddress: '127.0.0.1',
      clock: systemClock,
      log,
    })
    try {
      await use(controlPlane.clientFor(adminIdentity))
    } finally {
      await controlPlane.close()
    }
  }

  /** The bytes under a key, as text in which every byte is a character. */
  async lying(key: string): Promise<string> {
    const store = await this.#under.open(this.#database)
    try {
      return Buffer.from(store.get(key)?.value ?? []).toString('latin1')
    } finally {
      await store.close()
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

const secret: Secret = { metadata: { name: 's', ...inDefault }, stringData: { word: opened } }
const wordOf = async (client: Client) => {
  const { data } = await client.of(secrets).get('s', inDefault)
  return Buffer.from(data?.word ?? '', 'base64').toString()
}
const writeAgain = async (client: Client) => {
  await client.of(secrets).update((await client.of(secrets).get('s', inDefault)) as Secret)
}

/** What upstream's page "Encrypting Confidential Data at Rest" promises, in the order of a key's life. */
export function encryptionAtRest(under: DatastoreUnderTest): void {
  test(`encryption at rest in ${under.name}: from plain over two keys to a lost one`, async (life) => {
    using cluster = new EncryptedCluster(under)

    await life.test('without it a secret can be read where it lies', async () => {
      await cluster.run([identity], async (client) => {
        await client.of(secrets).create(secret)
        await client.of(configMaps).create({ metadata: { name: 'c', ...inDefault }, data: { a: opened } })
      })
      assert.doesNotMatch(await cluster.lying(secretKey), /^k8s:enc:/)
    })

    await life.test('what lay there is served, and encrypted when it is written again without a change', async () => {
      await cluster.run([{ aesgcm: { keys: [key1] } }, identity], async (client) => {
        assert.equal(await wordOf(client), opened)
        await writeAgain(client)
        assert.equal(await wordOf(client), opened)
      })
      assert.match(await cluster.lying(secretKey), /^k8s:enc:aesgcm:v1:key1:/)
      assert.doesNotMatch(await cluster.lying(secretKey), new RegExp(Buffer.from(opened).toString('base64')))
      assert.match(await cluster.lying(configMapKey), new RegExp(opened))
    })

    await life.test('a new first key takes over at the next write, and a second write of nothing is none', async () => {
      await cluster.run([{ aesgcm: { keys: [key2, key1] } }], async (client) => {
        assert.equal(await wordOf(client), opened)
        await writeAgain(client)
        const { metadata } = await client.of(secrets).get('s', inDefault)
        await writeAgain(client)
        const again = await client.of(secrets).get('s', inDefault)
        assert.equal(again.metadata.resourceVersion, metadata.resourceVersion)
      })
      assert.match(await cluster.lying(secretKey), /^k8s:enc:aesgcm:v1:key2:/)
    })

    await life.test('another provider reads what the old one wrote', async () => {
      for (const [provider, before] of [
        ['secretbox', 'aesgcm'],
        ['aescbc', 'secretbox'],
      ] as const) {
        const providers = [{ [provider]: { keys: [key2] } }, { [before]: { keys: [key2] } }]
        await cluster.run(providers, async (client) => {
          assert.equal(await wordOf(client), opened)
          await writeAgain(client)
        })
        assert.ok((await cluster.lying(secretKey)).startsWith(`k8s:enc:${provider}:v1:key2:`))
      }
    })

    await life.test('with the key lost, the secret is refused and everything else is served', async () => {
      await cluster.run([{ secretbox: { keys: [key1] } }], async (client) => {
        const refused = (error: unknown) => isStatus(error, 'InternalError') && error.message.includes(secretKey)
        await assert.rejects(client.of(secrets).get('s', inDefault), refused)
        await assert.rejects(client.of(secrets).list(inDefault), refused)
        const seen: string[] = []
        for await (const { type } of await client.of(secrets).watch(inDefault)) seen.push(type)
        assert.deepEqual(seen, ['ERROR'])
        assert.deepEqual((await client.of(configMaps).get('c', inDefault)).data, { a: opened })
      })
    })
  })

  test(`encryption at rest in ${under.name}: neither keys nor secrets are logged`, async () => {
    using cluster = new EncryptedCluster(under)
    const logged: string[] = []
    const log = createLogger({ level: 'debug', destination: { write: (line) => logged.push(line) } })
    const use = async (client: Client) => {
      await client.of(secrets).create({ ...secret, metadata: { name: 'logged', ...inDefault } })
    }
    await cluster.run([{ aesgcm: { keys: [key1] } }], use, log)
    await assert.rejects(cluster.run([{ aesgcm: { keys: [key2.secret] } }], use, log), (error: unknown) => {
      logged.push(String(error))
      return error instanceof UsageError
    })
    for (const word of [opened, key1.secret, key2.secret]) assert.ok(!logged.join('\n').includes(word))
  })
}
