// Records what upstream's API server writes into etcd: KUBE_APISERVER=path node test/interchange/record.ts
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/platform/clock.ts'
import { silentLogger } from '../../src/platform/log.ts'
import { startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { openEtcdStore } from '../../src/store/etcd/etcd-store.ts'
import { createEveryKind, listEverything } from './every-kind.ts'
import { startKubeApiserver } from './kube-apiserver.ts'
import { isRecorded, placeOf, type RecordedValue, writeRecording } from './recording.ts'

const directory = mkdtempSync(join(tmpdir(), 'kubets-record-'))
const etcd = await startEtcd()
try {
  // The token volume of every Pod would be half of the recording.
  const flags = ['--disable-admission-plugins', 'ServiceAccount']
  const upstream = await startKubeApiserver({ etcd: etcd.endpoint, pki: join(directory, 'pki'), flags })
  try {
    await createEveryKind(upstream.transport)
    const lists = [...(await listEverything(upstream.transport))].map(([path, items]) => {
      const kept = items.filter((item) => isRecorded(`${path}/${placeOf(item)}`))
      return [path, kept] as const
    })
    writeRecording({ values: await valuesIn(etcd.endpoint), lists: Object.fromEntries(lists) })
  } finally {
    await upstream.stop()
  }
} finally {
  await etcd.dispose()
  rmSync(directory, { recursive: true })
}

async function valuesIn(endpoint: string): Promise<RecordedValue[]> {
  const store = await openEtcdStore({ endpoints: [endpoint], clock: systemClock, log: silentLogger })
  try {
    return [...store.snapshot().range('/registry/', '/registry0')]
      .filter(({ key }) => isRecorded(key))
      .map(({ key, value }) => ({ key, value: Buffer.from(value).toString('base64') }))
  } finally {
    await store.close()
  }
}
