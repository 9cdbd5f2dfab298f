import { readFile } from 'node:fs/promises'
import { ConfigurationError } from '../apiserver/configuration/configuration-file.ts'
import { type EncryptionFile, openEncryptionFile } from '../apiserver/encryption/encryption-file.ts'
import { createValueCodec } from '../apiserver/rest/value-codec.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'
import type { EtcdTls } from '../store/etcd/etcd-client.ts'
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts'
import type { Store } from '../store/store.ts'
import type { ClusterOptions } from './options.ts'
import { OptionError } from './usage-error.ts'

export interface StoreOptions {
  readonly options: Pick<
    ClusterOptions,
    | 'datastore'
    | 'etcdCafile'
    | 'etcdCertfile'
    | 'etcdKeyfile'
    | 'encryptionProviderConfig'
    | 'encryptionProviderConfigAutomaticReload'
  >
  /** Where the database lies, if it is SQLite's. */
  readonly database: string
  readonly clock: Clock
  readonly log: Logger
}

export interface OpenedStore {
  readonly store: Store
  /** Takes up changes of the encryption's configuration, if that is wanted, until `signal` aborts. */
  follow(signal: AbortSignal): Promise<void>
}

/**
 * The datastore, with values as they shall lie in it: in SQLite as JSON, in etcd as kube-apiserver would have written
 * them, and encrypted as the configuration says. Throws an OptionError for a configuration that makes no sense.
 */
export async function openStore(input: StoreOptions): Promise<OpenedStore> {
  const { options } = input
  const file = await openEncryption(input)
  const store = options.datastore === 'sqlite' ? openSqlite(input, file) : openEtcd(input, file)
  return {
    store: await store,
    follow: async (signal) => {
      if (options.encryptionProviderConfigAutomaticReload) await file?.follow(signal)
    },
  }
}

async function openEncryption({ options, clock, log }: StoreOptions): Promise<EncryptionFile | undefined> {
  const path = options.encryptionProviderConfig
  if (path === undefined) return undefined
  try {
    return await openEncryptionFile({ path, clock, log: log.child({ component: 'encryption' }) })
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new OptionError(`cannot use --encryption-provider-config ${path}: ${error.message}`, { cause: error })
  }
}

function openSqlite({ database, clock, log }: StoreOptions, file: EncryptionFile | undefined): Promise<Store> {
  const codec = file && createValueCodec({ encoding: 'json', encryption: file.encryption })
  return openSqliteStore({ path: database, clock, log: log.child({ component: 'store' }), ...(codec && { codec }) })
}

async function openEtcd({ options, clock, log }: StoreOptions, file: EncryptionFile | undefined): Promise<Store> {
  // Loaded only where it is used: the gRPC library behind it costs some ten megabytes.
  const { openEtcdStore } = await import('../store/etcd/etcd-store.ts')
  const endpoints = options.datastore.replace(/^etcds?:\/\//, '').split(',')
  const codec = createValueCodec({ encoding: 'upstream', ...(file && { encryption: file.encryption }) })
  const tls = await etcdTls(options)
  return openEtcdStore({ endpoints, clock, log: log.child({ component: 'store' }), codec, ...(tls && { tls }) })
}

/** How etcd is known to us and we to it; undefined for an etcd without TLS. Throws an OptionError. */
async function etcdTls(options: StoreOptions['options']): Promise<EtcdTls | undefined> {
  const { datastore, etcdCafile, etcdCertfile, etcdKeyfile } = options
  const isEncrypted = datastore.startsWith('etcds://')
  const [ca, certificate, key] = await Promise.all([
    readFlagFile('etcd-cafile', etcdCafile),
    readFlagFile('etcd-certfile', etcdCertfile),
    readFlagFile('etcd-keyfile', etcdKeyfile),
  ])
  if (!isEncrypted && (ca || certificate || key)) {
    throw new OptionError('--etcd-cafile, --etcd-certfile and --etcd-keyfile need --datastore etcds://host:port')
  }
  if (!certificate !== !key) throw new OptionError('--etcd-certfile and --etcd-keyfile must be given together')
  return isEncrypted ? { ...(ca && { ca }), ...(certificate && key && { certificate, key }) } : undefined
}

async function readFlagFile(flag: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new OptionError(`cannot read --${flag} ${path}: ${why}`, { cause: error })
  }
}
