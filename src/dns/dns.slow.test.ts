// The server on real sockets, between Node's own resolver and a made-up server of the outside world.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { connect, createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { decode, encode } from 'dns-packet'
import { FakeApi } from '../../test/support/fake-api.ts'
import { buildService, buildSlice } from '../../test/support/services.ts'
import { endpointSlices, namespaces, services } from '../api/types/resources.ts'
import { createSharedInformers } from '../client/shared-informers.ts'
import { createClient } from '../client/typed-client.ts'
import { systemClock } from '../platform/clock.ts'
import { silentLogger as log } from '../platform/log.ts'
import { type DnsServer, startDns } from './dns.ts'
import { withLength } from './upstream.ts'

const loopback = '127.0.0.1'
const many = Array.from({ length: 200 }, (_, i) => `10.244.0.${i + 1}`)

/** Answers every question over UDP and TCP with one address. */
async function startOutside(): Promise<{ port: number; close(): Promise<void> }> {
  const answer = (message: Buffer) => {
    const { id = 0, questions = [] } = decode(message)
    const name = questions[0]?.name ?? ''
    return encode({ type: 'response', id, questions, answers: [{ type: 'A', name, ttl: 5, data: '192.0.2.1' }] })
  }
  const udp = createSocket('udp4')
  udp.on('message', (message, { port, address }) => udp.send(answer(message), port, address))
  await new Promise<void>((resolve) => udp.bind(0, loopback, () => resolve()))
  const { port } = udp.address()
  const tcp = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => socket.end(withLength(answer(chunk.subarray(2)))))
  })
  await new Promise<void>((resolve) => tcp.listen(port, loopback, () => resolve()))
  const close = async () => {
    await Promise.all([
      new Promise<void>((resolve) => udp.close(resolve)),
      new Promise((resolve) => tcp.close(resolve)),
    ])
  }
  return { port, close }
}

describe('DNS on real sockets', () => {
  const client = createClient(new FakeApi())
  const stopping = new AbortController()
  const resolver = new Resolver({ timeout: 3000, tries: 1 })
  let server: DnsServer
  let outside: Awaited<ReturnType<typeof startOutside>>
  let informing: Promise<void>

  before(async () => {
    await client.of(namespaces).create({ metadata: { name: 'default' } })
    await client.of(services).create(buildService('web') as never)
    await client.of(services).create(buildService('db', { clusterIP: 'None' }) as never)
    await client.of(endpointSlices).create(buildSlice('db', [{ addresses: ['10.244.9.1'], hostname: 'db-0' }]) as never)
    await client.of(services).create(buildService('many', { clusterIP: 'None' }) as never)
    await client.of(endpointSlices).create(buildSlice('many', many) as never)
    await client
      .of(services)
      .create(buildService('alias', { clusterIP: '', type: 'ExternalName', externalName: 'example.org' }) as never)
    outside = await startOutside()
    const informers = createSharedInformers({ client, clock: systemClock, log })
    informing = informers.run(stopping.signal)
    const upstream = { upstreamServers: [loopback], upstreamPort: outside.port }
    const options = { informers, clusterDomain: 'cluster.local', address: loopback, port: 0, clock: systemClock, log }
    server = await startDns({ ...options, ...upstream }, stopping.signal)
    resolver.setServers([`${loopback}:${server.port}`])
  })
  after(async () => {
    resolver.cancel()
    await server?.close()
    await outside?.close()
    stopping.abort()
    await informing
  })

  test('Services, endpoints, ports and addresses are found', async () => {
    assert.deepEqual(await resolver.resolve4('web.default.svc.cluster.local'), ['10.96.0.10'])
    assert.deepEqual(await resolver.resolve4('db-0.db.default.svc.cluster.local'), ['10.244.9.1'])
    const [srv] = await resolver.resolveSrv('_http._tcp.db.default.svc.cluster.local')
    assert.deepEqual([srv?.name, srv?.port], ['db-0.db.default.svc.cluster.local', 8080])
    assert.deepEqual(await resolver.reverse('10.96.0.10'), ['web.default.svc.cluster.local'])
  })

  test('no such name, and no such type of a name, are told apart', async () => {
    const codeOf = (asked: Promise<unknown>) =>
      asked.then(
        () => '',
        ({ code }: { code: string }) => code,
      )
    assert.equal(await codeOf(resolver.resolve4('none.default.svc.cluster.local')), 'ENOTFOUND')
    assert.equal(await codeOf(resolver.resolve6('web.default.svc.cluster.local')), 'ENODATA')
  })

  test('a long answer comes whole over TCP', async () => {
    assert.deepEqual((await resolver.resolve4('many.default.svc.cluster.local')).sort(), [...many].sort())
  })

  test('the rest is asked outside, and what an alias leads to', async () => {
    assert.deepEqual(await resolver.resolve4('example.org'), ['192.0.2.1'])
    assert.deepEqual(await resolver.resolve4('alias.default.svc.cluster.local'), ['192.0.2.1'])
  })

  test('a question in pieces, and two at once, are answered over one connection', async () => {
    const question = (id: number) =>
      withLength(encode({ type: 'query', id, questions: [{ type: 'A', name: 'web.default.svc.cluster.local' }] }))
    const socket = connect(server.port, loopback)
    const both = Buffer.concat([question(1), question(2)])
    socket.write(both.subarray(0, 7))
    socket.write(both.subarray(7))
    let received = Buffer.alloc(0)
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      received = Buffer.concat([received, chunk])
      const first = 2 + received.readUInt16BE(0)
      if (received.length > first + 2 && received.length >= first + 2 + received.readUInt16BE(first)) break
    }
    assert.equal(decode(received.subarray(2)).id, 1)
  })
})
