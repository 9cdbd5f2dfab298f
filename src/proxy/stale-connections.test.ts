import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildService, buildSlice } from '../../test/support/services.ts'
import { serviceView } from './service-view.ts'
import { forgetFlow, staleFlows } from './stale-connections.ts'

const dns = buildService('dns', { ports: [{ name: 'dns', protocol: 'UDP', port: 53, nodePort: 30_053 }] })
const slice = (...addresses: string[]) =>
  buildSlice('dns', addresses, { ports: [{ name: 'dns', protocol: 'UDP', port: 5353 }] })
const portsWith = (...addresses: string[]) =>
  serviceView({ services: [dns], endpointSlices: [slice(...addresses)], nodeName: 'here', zone: undefined })

const entry = (destination: string, port: number, responder: string) =>
  `udp      17 26 src=10.244.0.9 dst=${destination} sport=4000 dport=${port} ` +
  `src=${responder} dst=10.244.0.9 sport=5353 dport=4000 [ASSURED] mark=0 use=1`

const cases = [
  { title: 'to an endpoint that serves stay', entry: entry('10.96.0.10', 53, '10.244.0.1'), stale: false },
  { title: 'to an endpoint that is gone go', entry: entry('10.96.0.10', 53, '10.244.0.7'), stale: true },
  {
    title: 'through a node port to an endpoint that is gone go',
    entry: entry('192.168.1.1', 30_053, '10.244.0.7'),
    stale: true,
  },
  {
    title: 'to the Service from before it had endpoints go',
    entry: entry('10.96.0.10', 53, '10.96.0.10'),
    stale: true,
  },
  { title: 'to anybody else stay', entry: entry('8.8.8.8', 53, '8.8.8.8'), stale: false },
  { title: 'that cannot be read stay', entry: 'udp 17 26 src=10.244.0.9 dst=10.96.0.10', stale: false },
]
for (const { title, entry: line, stale } of cases) {
  test(`UDP connections ${title}`, () =>
    assert.equal(staleFlows(`${line}\n`, portsWith('10.244.0.1')).length === 1, stale))
}

test('a Service without endpoints keeps its connections: its packets are refused', () => {
  assert.deepEqual(staleFlows(entry('10.96.0.10', 53, '10.244.0.7'), portsWith()), [])
})

test('one call forgets the flows of all clients', () => {
  const listing = [entry('10.96.0.10', 53, '10.244.0.7'), entry('10.96.0.10', 53, '10.244.0.7')].join('\n')
  assert.deepEqual(staleFlows(listing, portsWith('10.244.0.1')).map(forgetFlow), [
    '-D -p udp --orig-dst 10.96.0.10 --orig-port-dst 53 --reply-src 10.244.0.7 --reply-port-src 5353'.split(' '),
  ])
})
