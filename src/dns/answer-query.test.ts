import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode, encode } from 'dns-packet'
import fc from 'fast-check'
import { answerQuery, type Zone } from './answer-query.ts'
import type { ClusterView } from './cluster-view.ts'

const many = Array.from({ length: 60 }, (_, i) => `10.244.0.${i + 1}`)
const identity = { uid: 'u', resourceVersion: '1', namespace: 'shop' }
const view: ClusterView = {
  service: (_, name) =>
    name === 'out'
      ? { metadata: { name, ...identity }, spec: { type: 'ExternalName', externalName: 'example.org' } }
      : { metadata: { name, ...identity }, spec: { clusterIP: 'None', clusterIPs: ['None'] } },
  hasNamespace: () => true,
  endpointSlices: () => [
    {
      metadata: { name: 's', ...identity },
      addressType: 'IPv4',
      endpoints: many.map((address) => ({ addresses: [address] })),
    },
  ],
  servicesByAddress: () => [],
  endpointSlicesByAddress: () => [],
}
const outside = encode({
  type: 'response',
  id: 7,
  questions: [],
  answers: [{ type: 'A', name: 'example.org', data: '192.0.2.1' }],
})
const zone: Zone = { clusterDomain: 'cluster.local', view, upstream: { forward: async () => outside }, random: () => 0 }
const unreachable: Zone = { ...zone, upstream: { forward: () => Promise.reject(new Error('nobody answers')) } }

const query = (name: string, udpPayloadSize?: number) =>
  encode({
    type: 'query',
    id: 7,
    questions: [{ type: 'A', name }],
    additionals: udpPayloadSize ? [{ type: 'OPT', name: '.', udpPayloadSize } as never] : [],
  })
const ask = async (name: string, transport: 'udp' | 'tcp' = 'udp', size?: number, asked = zone) =>
  decode(Buffer.from((await answerQuery(query(name, size), transport, asked))!))

test('an answer too long for a datagram is cut, and whole over TCP or where the client takes more', async () => {
  const cut = await ask('web.shop.svc.cluster.local')
  assert.equal(cut.flag_tc, true)
  assert.equal(cut.answers?.length, 29)
  assert.equal((await ask('web.shop.svc.cluster.local', 'tcp')).answers?.length, 60)
  assert.equal((await ask('web.shop.svc.cluster.local', 'udp', 4096)).answers?.length, 60)
})

test('an alias is answered with the addresses it leads to', async () => {
  const { answers } = await ask('out.shop.svc.cluster.local')
  assert.deepEqual(
    answers?.map(({ type }) => type),
    ['CNAME', 'A'],
  )
})

test('when nobody outside answers the client is told to try elsewhere', async () => {
  const failed = await ask('example.org', 'udp', undefined, unreachable)
  assert.equal((failed as { rcode?: string }).rcode, 'SERVFAIL')
  assert.equal(failed.id, 7)
})

test('no message whatever makes it fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (bytes) => {
      const answer = await answerQuery(bytes, 'udp', unreachable)
      assert.ok(answer === undefined || answer.length >= 12)
    }),
    { numRuns: 5000 },
  )
})

test('a question comes back in the letters it was asked in, and so does the name of its answers', async () => {
  const { questions, answers } = await ask('WeB.shop.svc.CLUSTER.local', 'tcp')
  assert.equal(questions?.[0]?.name, 'WeB.shop.svc.CLUSTER.local')
  assert.equal(answers?.[0]?.name, 'WeB.shop.svc.CLUSTER.local')
})

test('addresses come in another order each time', async () => {
  let last = 0
  const random = () => {
    last = (last + 0.37) % 1
    return last
  }
  const first = async () =>
    JSON.stringify((await ask('web.shop.svc.cluster.local', 'tcp', 0, { ...zone, random })).answers)
  assert.notEqual(await first(), await first())
})

test('what does not exist says how long that may be believed', async () => {
  const { authorities, answers } = await ask('none.of.these.svc.cluster.local')
  assert.deepEqual(answers, [])
  assert.equal(authorities?.[0]?.type, 'SOA')
})

test('a version of EDNS nobody knows is answered with the one we speak', async () => {
  const message = encode({
    type: 'query',
    id: 7,
    questions: [{ type: 'A', name: 'web.shop.svc.cluster.local' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, ednsVersion: 1 } as never],
  })
  const { id, answers, additionals } = decode(Buffer.from((await answerQuery(message, 'udp', zone))!))
  const [extension] = additionals as unknown as { extendedRcode: number; ednsVersion: number }[]
  assert.deepEqual([id, answers, extension?.extendedRcode, extension?.ednsVersion], [7, [], 1, 0])
})
