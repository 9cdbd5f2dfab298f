import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer } from '../../../test/support/rest-server.ts'
import type { ApiRequest, Transport } from '../../client/transport.ts'
import { internalError } from '../../machinery/errors.ts'
import { silentLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { announce } from './announce.ts'

const facts = {
  advertiseAddress: '10.0.0.9',
  port: 6443,
  serviceCidr: '10.0.0.0/16',
  serviceAddress: '10.0.0.1',
  clientCertificateAuthority: 'PEM',
}

const trust = '/api/v1/namespaces/kube-system/configmaps'
const endpoints = '/api/v1/namespaces/default/endpoints/kubernetes'
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'

async function startedServer() {
  const clock = new VirtualClock()
  const rest = createRestServer({ clock })
  await rest.send('POST', '/api/v1/namespaces', { metadata: { name: 'kube-system' } })
  const names = async (collection: string) => {
    const { body } = await rest.send('GET', collection)
    return (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name)
  }
  const addresses = async () => {
    const { body } = await rest.send('GET', endpoints)
    const { subsets } = body as { subsets: { addresses: { ip: string }[]; ports: { port: number }[] }[] }
    return subsets.flatMap(({ addresses, ports }) => addresses.map(({ ip }) => `${ip}:${ports[0]!.port}`))
  }
  const options = { transport: rest.transport, clock, log: silentLogger, facts }
  return { clock, rest, names, addresses, options }
}

/** Runs `work` while what keeps the announcement true does. */
async function whileAnnouncing(keep: (signal: AbortSignal) => Promise<void>, work: () => Promise<void>): Promise<void> {
  const stopping = new AbortController()
  const keeping = keep(stopping.signal)
  try {
    await work()
  } finally {
    stopping.abort()
    await keeping
  }
}

test('a server that is kept from telling of itself starts, and tells later', async () => {
  const { clock, rest, names, options } = await startedServer()
  let refuses = true
  const refused = { status: 500, body: internalError('failed calling webhook').status, warnings: [] }
  const transport: Transport = {
    ...rest.transport,
    watch: (request) => rest.transport.watch(request),
    close: () => rest.transport.close(),
    request: async (request: ApiRequest) =>
      refuses && request.method === 'POST' && request.path === trust ? refused : rest.transport.request(request),
  }
  await whileAnnouncing(await announce({ ...options, transport }), async () => {
    assert.deepEqual(await names('/api/v1/namespaces/default/services'), ['kubernetes'])
    assert.deepEqual(await names(trust), [])
    await clock.advanceMs(10_000)
    assert.deepEqual(await names(trust), [])
    refuses = false
    await clock.advanceMs(10_000)
    assert.deepEqual(await names(trust), [
      'extension-apiserver-authentication',
      'kube-apiserver-legacy-service-account-token-tracking',
    ])
  })
})

test('what tells of a server is kept true, and its Lease renewed', async () => {
  const { clock, rest, names, addresses, options } = await startedServer()
  await whileAnnouncing(await announce(options), async () => {
    const [name] = await names(leases)
    const renewTime = async () =>
      ((await rest.send('GET', `${leases}/${name}`)).body as { spec: { renewTime: string } }).spec.renewTime
    const before = await renewTime()
    await rest.send('DELETE', endpoints)
    await clock.advanceMs(10_000)
    assert.deepEqual(await addresses(), ['10.0.0.9:6443'])
    assert.equal(Date.parse(await renewTime()) - Date.parse(before), 10_000)
  })
})

test('the endpoints are all servers that renew their Lease; those gone for an hour lose it', async () => {
  const { clock, rest, names, addresses, options } = await startedServer()
  const other = {
    metadata: {
      name: 'apiserver-other',
      labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver' },
      annotations: { 'kubernetes.io/peer-advertise-address': '10.0.0.8:6443' },
    },
    spec: {
      holderIdentity: 'other',
      leaseDurationSeconds: 3600,
      renewTime: new Date(clock.nowMs()).toISOString().replace('Z', '000Z'),
    },
  }
  assert.equal((await rest.send('POST', leases, other)).status, 201)
  await whileAnnouncing(await announce(options), async () => {
    assert.deepEqual((await addresses()).toSorted(), ['10.0.0.8:6443', '10.0.0.9:6443'])
    for (let turn = 0; turn < 4; turn++) await clock.advanceMs(10_000)
    assert.deepEqual(await addresses(), ['10.0.0.9:6443'])
    for (let turn = 0; turn < 720; turn++) await clock.advanceMs(10_000)
    assert.deepEqual((await names(leases)).includes('apiserver-other'), false)
  })
})
