// The proxy in a real kernel: a node with three Pods and a client outside, each in a network namespace of its own.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { FakeApi } from '../../test/support/fake-api.ts'
import { Namespaces } from '../../test/support/network/namespaces.ts'
import type { Peer } from '../../test/support/network/peer.ts'
import { buildService, buildSlice } from '../../test/support/services.ts'
import { endpointSlices, serviceCIDRs, services } from '../api/types/resources.ts'
import { createSharedInformers } from '../client/shared-informers.ts'
import { createClient } from '../client/typed-client.ts'
import { systemClock } from '../platform/clock.ts'
import { createLogger } from '../platform/log.ts'
import { runProxy } from './proxy.ts'

const log = createLogger({ level: 'error' })
const podAddresses = ['10.244.0.2', '10.244.0.3', '10.244.0.4']
const nodeOutside = '192.0.2.1'
const here = (address: string) => ({ addresses: [address], nodeName: 'node', conditions: { ready: true } })
const addressOf = (n: number) => `10.96.0.${n}`
const namespace = 'default'

describe('Services in a kernel', () => {
  const spaces = new Namespaces('kubets-proxy')
  const client = createClient(new FakeApi())
  const stopping = new AbortController()
  const pods: Peer[] = []
  let outside: Peer
  let host: Peer
  let node = ''
  let proxy: Promise<unknown> = Promise.resolve()
  let written = () => {}
  let forgotten = () => {}

  /** Resolves when the proxy has written what a change of the API led to. */
  async function afterSync(change: () => Promise<unknown>): Promise<void> {
    const synced = new Promise<void>((resolve) => {
      written = resolve
    })
    await change()
    await synced
  }
  const create = async (service: ReturnType<typeof buildService>, slice: ReturnType<typeof buildSlice>) => {
    await client.of(endpointSlices).create(slice as never)
    await afterSync(() => client.of(services).create(service as never))
  }
  const tcpService = (name: string, n: number, spec: Parameters<typeof buildService>[1] = {}) =>
    buildService(name, { clusterIP: addressOf(n), ...spec })

  before(async () => {
    node = await spaces.add('node', { forwards: true })
    const outsideName = await spaces.add('outside')
    await spaces.join(node, nodeOutside, outsideName, '192.0.2.2')
    await spaces.ip(outsideName, 'route', 'add', '10.96.0.0/12', 'via', nodeOutside)
    await spaces.ip(node, 'route', 'add', 'default', 'via', '192.0.2.2')
    for (const [i, address] of podAddresses.entries())
      pods.push(await spaces.peer(await spaces.addPod(node, `pod${i}`, address), `pod${i}`))
    outside = await spaces.peer(outsideName)
    host = await spaces.peer(node)
    await Promise.all(
      pods.flatMap((pod) => [
        pod.ask({ op: 'serveTcp', port: 8080 }),
        pod.ask({ op: 'serveUdp', port: 5353 }),
        pod.ask({ op: 'serveUdp', port: 5354 }),
      ]),
    )
    await client.of(serviceCIDRs).create({ metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.96.0.0/12'] } })
    const informers = createSharedInformers({ client, clock: systemClock, log })
    const options = { informers, nodeName: 'node', clusterCidr: '10.244.0.0/16', clock: systemClock, log }
    const run = async (program: string, args: readonly string[]) => {
      const output = await spaces.run(node, program, args)
      if (args.includes('-D')) forgotten()
      return output
    }
    const apply = async (statements: string) => {
      await spaces.run(node, 'nft', ['-f', '-'], `${statements}\n`)
      written()
    }
    await afterSync(async () => {
      proxy = Promise.all([runProxy({ ...options, apply, run }, stopping.signal), informers.run(stopping.signal)])
    })
  })
  after(async () => {
    stopping.abort()
    await proxy
    await spaces.close()
  })

  const serversSeen = async (from: Peer, address: string, port: number, count: number) => {
    const answers = await Promise.all(Array.from({ length: count }, () => from.tcp(address, port)))
    return [...new Set(answers.map(({ server, error }) => server ?? `failed: ${error}`))].sort()
  }

  test('a cluster IP spreads over all endpoints, from a Pod, the node and outside', async () => {
    await create(tcpService('web', 10), buildSlice('web', podAddresses.map(here)))
    for (const from of [pods[0]!, host, outside])
      assert.deepEqual(await serversSeen(from, addressOf(10), 80, 40), ['pod0', 'pod1', 'pod2'])
  })

  test('a Pod keeps its address on the way to another, everybody else has the node’s', async () => {
    const clients = async (from: Peer) => (await from.tcp(addressOf(11), 80)).client
    await create(tcpService('one', 11), buildSlice('one', [here(podAddresses[1]!)]))
    assert.equal(await clients(pods[0]!), podAddresses[0])
    assert.equal(await clients(outside), '169.254.1.1')
  })

  test('a Pod reaches itself through its Service', async () => {
    await create(tcpService('self', 12), buildSlice('self', [here(podAddresses[0]!)]))
    assert.equal((await pods[0]!.tcp(addressOf(12), 80)).server, 'pod0')
  })

  test('without endpoints, and at a port that the Service lacks, connections are refused', async () => {
    await create(tcpService('none', 13), buildSlice('none', []))
    for (const from of [pods[0]!, host]) {
      assert.equal((await from.tcp(addressOf(13), 80)).error, 'ECONNREFUSED')
      assert.equal((await from.tcp(addressOf(10), 81)).error, 'ECONNREFUSED')
    }
  })

  test('a client with session affinity stays with its endpoint', async () => {
    const endpoints = podAddresses.slice(1).map(here)
    await create(tcpService('sticky', 14, { sessionAffinity: 'ClientIP' }), buildSlice('sticky', endpoints))
    assert.equal((await serversSeen(pods[0]!, addressOf(14), 80, 20)).length, 1)
  })

  const nodePortSpec = (nodePort: number) => ({
    type: 'NodePort',
    ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort }],
  })

  test('a node port leads from outside to all endpoints, and nowhere on the loopback', async () => {
    await create(tcpService('port', 15, nodePortSpec(30_080)), buildSlice('port', podAddresses.map(here)))
    assert.deepEqual(await serversSeen(outside, nodeOutside, 30_080, 40), ['pod0', 'pod1', 'pod2'])
    assert.deepEqual(await serversSeen(pods[0]!, nodeOutside, 30_080, 40), ['pod0', 'pod1', 'pod2'])
    assert.equal((await host.tcp(nodeOutside, 30_080)).error, undefined)
    assert.equal((await host.tcp('127.0.0.1', 30_080)).error, 'ECONNREFUSED')
  })

  test('external traffic policy Local keeps the client’s address', async () => {
    const spec = { ...nodePortSpec(30_081), externalTrafficPolicy: 'Local' }
    await create(tcpService('local', 16, spec), buildSlice('local', [here(podAddresses[2]!)]))
    assert.deepEqual(await outside.tcp(nodeOutside, 30_081), { server: 'pod2', client: '192.0.2.2' })
  })

  test('external traffic policy Local drops outside traffic where no endpoint is, but not that of Pods', async () => {
    const spec = { ...nodePortSpec(30_082), externalTrafficPolicy: 'Local' }
    const elsewhere = { ...here(podAddresses[1]!), nodeName: 'other' }
    await create(tcpService('away', 17, spec), buildSlice('away', [elsewhere]))
    assert.equal((await pods[0]!.tcp(nodeOutside, 30_082)).server, 'pod1')
    assert.equal((await host.tcp(nodeOutside, 30_082)).server, 'pod1')
    assert.match((await outside.tcp(nodeOutside, 30_082)).error!, /timeout/)
  })

  test('a load balancer’s address takes only those of its source ranges', async () => {
    const balancer = tcpService('balanced', 18, {
      ...nodePortSpec(30_083),
      loadBalancerSourceRanges: ['10.244.0.0/24'],
    })
    const status = { loadBalancer: { ingress: [{ ip: '10.97.0.1' }] } }
    await create({ ...balancer, status }, buildSlice('balanced', [here(podAddresses[1]!)]))
    assert.equal((await pods[0]!.tcp('10.97.0.1', 80)).server, 'pod1')
    assert.match((await outside.tcp('10.97.0.1', 80)).error!, /timeout/)
  })

  test('no request fails while endpoints change', async () => {
    const slice = (addresses: string[]) => buildSlice('web', addresses.map(here)) as never
    const requests = pods[0]!.ask({ op: 'tcpUntilStopped', address: addressOf(10), port: 80 })
    for (let round = 0; round < 6; round++) {
      const wanted = round % 2 === 0 ? podAddresses.slice(1) : podAddresses.slice(0, 2)
      await afterSync(() => client.of(endpointSlices).update(slice(wanted)))
    }
    await pods[0]!.ask({ op: 'stop' })
    const { count = 0, failures } = await requests
    assert.deepEqual(failures, [])
    assert.ok(count > 0)
  })

  test('a UDP client is led to another endpoint when its own goes', async () => {
    const ports = [{ name: 'dns', protocol: 'UDP', port: 5353 }]
    const service = tcpService('dns', 19, { ports: [{ name: 'dns', protocol: 'UDP', port: 53 }] })
    await create(service, buildSlice('dns', [here(podAddresses[1]!)], { ports }))
    const ask = () => pods[0]!.ask({ op: 'udp', address: addressOf(19), port: 53, localPort: 40_000 })
    assert.equal((await ask()).server, 'pod1')
    const moved = buildSlice('dns', [here(podAddresses[2]!)], { ports }) as never
    const flowForgotten = new Promise<void>((resolve) => {
      forgotten = resolve
    })
    await client.of(endpointSlices).update(moved)
    await flowForgotten
    assert.equal((await ask()).server, 'pod2')
  })

  test('the rules of a deleted Service are gone', async () => {
    await afterSync(() => client.of(services).delete('one', { namespace }))
    assert.doesNotMatch(
      await spaces.run(node, 'nft', ['list', 'map', 'ip', 'kube-proxy', 'service-ips']),
      /10\.96\.0\.11/,
    )
  })
})
