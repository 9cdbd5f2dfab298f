import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer } from '../../../../test/support/rest-server.ts'
import type { ServiceSpec } from '../../../api/types/core/v1.ts'
import { formatIp, parseIpRange } from './ip-range.ts'

const services = '/api/v1/namespaces/a/services'
const mergePatch = 'application/merge-patch+json'
const service = (name: string, spec: object) => ({ metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } })
const specOf = ({ body }: { body: unknown }) => (body as { spec: ServiceSpec }).spec

test('a Service gets an address of the network, and the address an object', async () => {
  const server = createRestServer()
  const { clusterIP, clusterIPs, ipFamilies } = specOf(await server.send('POST', services, service('s', {})))
  assert.match(clusterIP!, /^10\.0\.\d+\.\d+$/)
  assert.deepEqual([clusterIPs, ipFamilies], [[clusterIP], ['IPv4']])
  const { status } = await server.send('GET', `/apis/networking.k8s.io/v1/ipaddresses/${clusterIP}`)
  assert.equal(status, 200)
})

test('an address is free again when its Service is gone or has become another one', async () => {
  const server = createRestServer()
  const wanted = { clusterIP: '10.0.77.1' }
  await server.send('POST', services, service('one', wanted))
  assert.equal((await server.send('POST', services, service('two', wanted))).status, 422)
  await server.send('DELETE', `${services}/one`)
  assert.equal((await server.send('POST', services, service('two', wanted))).status, 201)
  const external = { spec: { type: 'ExternalName', externalName: 'x.y' } }
  assert.equal((await server.send('PATCH', `${services}/two`, external, mergePatch)).status, 200)
  assert.equal((await server.send('POST', services, service('three', wanted))).status, 201)
})

test('a refused Service keeps no address', async () => {
  const server = createRestServer()
  const wanted = { clusterIP: '10.0.77.1', type: 'NodePort', ports: [{ port: 80, nodePort: 1 }] }
  assert.equal((await server.send('POST', services, service('bad', wanted))).status, 422)
  assert.equal((await server.send('POST', services, service('good', { clusterIP: '10.0.77.1' }))).status, 201)
})

test('a node port is taken once, kept by updates and given back', async () => {
  const server = createRestServer()
  const nodePort = { type: 'NodePort', ports: [{ port: 80, nodePort: 32_111 }] }
  await server.send('POST', services, service('one', nodePort))
  assert.equal((await server.send('POST', services, service('two', nodePort))).status, 422)
  const labelled = await server.send('PATCH', `${services}/one`, { metadata: { labels: { a: 'b' } } }, mergePatch)
  assert.equal(specOf(labelled).ports![0]!.nodePort, 32_111)
  await server.send('DELETE', `${services}/one`)
  assert.equal((await server.send('POST', services, service('two', nodePort))).status, 201)
})

for (const { title, spec, status } of [
  { title: 'two families of a network that has one', spec: { ipFamilyPolicy: 'RequireDualStack' }, status: 422 },
  { title: 'a family the network has not', spec: { ipFamilies: ['IPv6'] }, status: 422 },
  { title: 'an address outside of the network', spec: { clusterIP: '10.9.0.1' }, status: 422 },
  { title: 'no address', spec: { clusterIP: 'None' }, status: 201 },
]) {
  test(`a Service that asks for ${title} is answered ${status}`, async () => {
    assert.equal((await createRestServer().send('POST', services, service('s', spec))).status, status)
  })
}

for (const { cidr, first, last, dynamicFirst } of [
  { cidr: '10.0.0.0/16', first: '10.0.0.1', last: '10.0.255.254', dynamicFirst: '10.0.1.1' },
  { cidr: '10.0.0.0/28', first: '10.0.0.1', last: '10.0.0.14', dynamicFirst: '10.0.0.1' },
  { cidr: 'fd00::/112', first: 'fd00::1', last: 'fd00::ffff', dynamicFirst: 'fd00::101' },
]) {
  test(`the network ${cidr} gives out ${first} to ${last}`, () => {
    const range = parseIpRange(cidr)
    const shown = [range.first, range.last, range.dynamicFirst].map((value) => formatIp(value, range.family))
    assert.deepEqual(shown, [first, last, dynamicFirst])
  })
}
