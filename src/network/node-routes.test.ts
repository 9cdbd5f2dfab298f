import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type NodeRoute, nodeRoutes, routeChanges } from './node-routes.ts'

const node = (name: string, podCIDR?: string, address?: string) => ({
  metadata: { name, uid: name, resourceVersion: '1' },
  spec: podCIDR === undefined ? {} : { podCIDR },
  status: address === undefined ? {} : { addresses: [{ type: 'InternalIP', address }] },
})

test('a node has a route to each other node that has its Pod addresses and an address of its own', () => {
  const nodes = [
    node('own', '10.244.0.0/24', '192.168.1.1'),
    node('other', '10.244.1.0/24', '192.168.1.2'),
    node('without-pods', undefined, '192.168.1.3'),
    node('without-address', '10.244.3.0/24'),
    node('by-ipv6', '10.244.4.0/24', 'fd00::1'),
  ]
  assert.deepEqual(nodeRoutes(nodes, 'own'), [{ podCidr: '10.244.1.0/24', via: '192.168.1.2' }])
})

test('the changes lead from any routes to any others', () => {
  const routes = fc.uniqueArray(
    fc.record({ podCidr: fc.constantFrom('a', 'b', 'c', 'd'), via: fc.constantFrom('1', '2', '3') }),
    { selector: ({ podCidr }: NodeRoute) => podCidr },
  )
  fc.assert(
    fc.property(routes, routes, (before, after) => {
      const table = new Map<string, string>(before.map(({ podCidr, via }) => [podCidr, via]))
      for (const [, verb, podCidr = '', , via = ''] of routeChanges(before, after)) {
        if (verb === 'del') assert.equal(table.get(podCidr), via)
        if (verb === 'del') table.delete(podCidr)
        else table.set(podCidr, via)
      }
      assert.deepEqual(table, new Map(after.map(({ podCidr, via }) => [podCidr, via])))
    }),
  )
})
