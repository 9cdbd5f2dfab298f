import { after, describe } from 'node:test'
import { systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { etcdSkipReason, startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { openEtcdStore } from '../../src/store/etcd/etcd-store.ts'
import { encryptionAtRest } from './encryption-at-rest.ts'

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
