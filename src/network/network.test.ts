import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeApi } from '../../test/support/fake-api.ts'
import { nodes, pods } from '../api/types/resources.ts'
import { createInformer } from '../client/informers.ts'
import { createClient } from '../client/typed-client.ts'
import { systemClock as clock } from '../platform/clock.ts'
import { silentLogger as log } from '../platform/log.ts'
import { runNetwork } from './network.ts'

const node = (name: string, podCIDR: string, address: string) => ({
  metadata: { name },
  spec: { podCIDR },
  status: { addresses: [{ type: 'InternalIP', address }] },
})

/** Routes an earlier run left: one that is right, one to a node that is gone, and the bridge's own. */
const leftBehind = JSON.stringify([
  { dst: '10.244.0.0/24', dev: 'cni0' },
  { dst: '10.244.1.0/24', gateway: '192.168.1.2', dev: 'eth0' },
  { dst: '10.244.7.0/24', gateway: '192.168.1.8', dev: 'eth0' },
])

test('a node gets its rules, its CNI configuration and its routes, and loses those to nodes that are gone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'network-'))
  const stopping = new AbortController()
  const client = createClient(new FakeApi())
  await client.of(nodes).create(node('own', '10.244.0.0/24', '192.168.1.1'))
  await client.of(nodes).create(node('second', '10.244.1.0/24', '192.168.1.2'))
  await client.of(nodes).create(node('third', '10.244.2.0/24', '192.168.1.3'))
  const informers = {
    pods: createInformer({ client, resource: pods, clock, log }),
    nodes: createInformer({ client, resource: nodes, clock, log }),
  }
  const done = Promise.withResolvers<void>()
  const ran: string[] = []
  const applied: string[] = []
  const running = runNetwork(
    {
      ...informers,
      nodeName: 'own',
      clusterCidr: '10.244.0.0/16',
      dnsPort: 53,
      cniConfDirectory: directory,
      stateDirectory: directory,
      mtu: 1500,
      clock,
      log,
      ipForwardFile: join(directory, 'ip_forward'),
      apply: async (statements) => void applied.push(statements),
      run: async (program, args) => {
        ran.push([program, ...args].join(' '))
        if (args[1] === 'replace') done.resolve()
        return args[0] === '-j' ? leftBehind : ''
      },
    },
    stopping.signal,
  )
  const informing = Promise.all([informers.pods.run(stopping.signal), informers.nodes.run(stopping.signal)])
  try {
    await done.promise
    assert.deepEqual(ran, [
      'ip -j route show root 10.244.0.0/16',
      'ip route del 10.244.7.0/24 via 192.168.1.8',
      'ip route replace 10.244.2.0/24 via 192.168.1.3',
    ])
    assert.match(applied[0] ?? '', /masquerade/)
    assert.match(readFileSync(join(directory, '10-kubets.conflist'), 'utf8'), /10\.244\.0\.0\/24/)
    assert.equal(readFileSync(join(directory, 'ip_forward'), 'utf8'), '1\n')
  } finally {
    stopping.abort()
    await Promise.all([running, informing])
    rmSync(directory, { recursive: true })
  }
})
