import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { configMaps, namespaces } from '../../src/api/types/resources.ts'
import type { Transport } from '../../src/client/transport.ts'
import { createClient } from '../../src/client/typed-client.ts'
import type { ControlPlane } from '../../src/cluster/control-plane.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { type EtcdProcess, etcdSkipReason, startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { ReferenceApi } from '../reference/api.ts'
import { until } from '../support/processes.ts'
import { createEveryKind, listEverything, objectPath } from './every-kind.ts'
import { type KubeApiserver, startKubeApiserver, upstreamSkipReason } from './kube-apiserver.ts'
import { kubetsTransport, startKubets } from './kubets.ts'
import { placeOf } from './recording.ts'

type Lists = ReadonlyMap<string, readonly KubeObject[]>

/** They are renewed while we look, by the server whose they are. */
const changing = new Set(['/apis/coordination.k8s.io/v1/leases', '/api/v1/events', '/apis/events.k8s.io/v1/events'])

/** The first thing that two servers say differently. */
function difference(upstream: Lists, ours: Lists): string | undefined {
  for (const [path, items] of upstream) {
    const found = new Map((ours.get(path) ?? []).map((item) => [placeOf(item), JSON.stringify(item)]))
    if (changing.has(path)) continue
    for (const item of items) {
      const [wanted, shown] = [JSON.stringify(item), found.get(placeOf(item))]
      if (wanted !== shown) return `${path} ${placeOf(item)}\nkube-apiserver: ${wanted}\nkubets:         ${shown}`
    }
    if (found.size !== items.length) return `${path}: ${items.length} of kube-apiserver, ${found.size} of kubets`
  }
  return undefined
}

const skip = etcdSkipReason ?? upstreamSkipReason('kube-apiserver') ?? false

describe('beside a real kube-apiserver over one etcd, kubets', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-interchange-'))
  const pki = join(directory, 'pki')
  let etcd: EtcdProcess
  let upstream: KubeApiserver
  let controlPlane: ControlPlane
  let kubets: Transport

  before(async () => {
    etcd = await startEtcd()
    upstream = await startKubeApiserver({ etcd: etcd.endpoint, pki })
    await createEveryKind(upstream.transport)
    controlPlane = await startKubets({ etcd: etcd.endpoint, pki })
    kubets = kubetsTransport(controlPlane)
  })

  after(async () => {
    await kubets?.close()
    await controlPlane?.close()
    await upstream?.stop()
    await etcd?.dispose()
    rmSync(directory, { recursive: true, force: true })
  })

  /** Each may take a moment to see what the other wrote. */
  const untilTheSame = async () => {
    let found: string | undefined
    const look = async () => {
      found = difference(await listEverything(upstream.transport), await listEverything(kubets))
      return found === undefined
    }
    await until('both say the same', look, { pollMs: 500, timeoutMs: 20_000, describe: () => found })
  }

  const annotateEverything = async (through: Transport, by: string) => {
    for (const [path, items] of await listEverything(through)) {
      for (const item of items) {
        const at = objectPath(path, item)
        const body = { metadata: { annotations: { 'example.net/by': by } } }
        const contentType = 'application/merge-patch+json'
        const answer = await through.request({ method: 'PATCH', path: at, contentType, body })
        assert.equal(answer.status, 200, `${at}: ${JSON.stringify(answer.body)}`)
      }
    }
  }

  test('answers every list in the same words', () => untilTheSame())

  test('answers every list in protobuf with the same bytes', async () => {
    const ask = async ({ url, certificates }: Pick<KubeApiserver, 'url' | 'certificates'>, path: string) => {
      const { certificate: cert, key } = certificates.admin
      const api = new ReferenceApi({ url, certificate: { cert, key } })
      try {
        const headers = { accept: 'application/vnd.kubernetes.protobuf' }
        const { status, bytes } = await api.send({ method: 'GET', path, headers })
        return `${status} ${bytes.toString('latin1')}`
      } finally {
        await api.close()
      }
    }
    for (const path of (await listEverything(upstream.transport)).keys()) {
      // One webhook was sent an empty `caBundle`, which only Go's memory tells from none.
      if (changing.has(path) || path.endsWith('webhookconfigurations')) continue
      // A Lease that is renewed between the two questions makes the second list a newer one.
      let answers: string[] = []
      const look = async () => {
        answers = [await ask(controlPlane, path), await ask(upstream, path)]
        return answers[0] === answers[1]
      }
      await until(path, look, { timeoutMs: 5_000, describe: () => answers.join('\n') })
    }
  })

  test('changes every object, and kube-apiserver reads it', async () => {
    await annotateEverything(kubets, 'kubets')
    await untilTheSame()
  })

  test('reads what kube-apiserver changes of that', async () => {
    await annotateEverything(upstream.transport, 'upstream')
    await untilTheSame()
  })

  test('leaves an etcd on which kube-apiserver starts again', async () => {
    await upstream.stop()
    upstream = await startKubeApiserver({ etcd: etcd.endpoint, pki })
    await untilTheSame()
  })

  test('sees in a watch what kube-apiserver writes, and the other way about', async () => {
    for (const [from, to] of [
      [upstream.transport, kubets],
      [kubets, upstream.transport],
    ] as const) {
      const name = from === kubets ? 'from-kubets' : 'from-upstream'
      const { metadata } = await createClient(to).of(configMaps).list({ namespace: 'default' })
      const resourceVersion = metadata.resourceVersion ?? ''
      const stream = await createClient(to).of(configMaps).watch({ namespace: 'default', resourceVersion })
      await createClient(from)
        .of(configMaps)
        .create({ metadata: { name, namespace: 'default' } })
      for await (const { type, object } of stream) {
        assert.deepEqual([type, object.metadata?.name], ['ADDED', name])
        break
      }
    }
  })

  test('loses a race for an object against kube-apiserver with the same words', async () => {
    const [ours, theirs] = [createClient(kubets), createClient(upstream.transport)]
    const { metadata } = await ours.of(namespaces).get('ref-ns')
    await theirs.of(namespaces).patch('ref-ns', { metadata: { labels: { a: 'b' } } }, { type: 'merge' })
    const { name, resourceVersion } = metadata
    const late = { metadata: { name, resourceVersion, labels: { a: 'c' } } }
    const message = /the object has been modified; please apply your changes to the latest version and try again/
    await assert.rejects(ours.of(namespaces).update(late), message)
  })
})
