// Two nodes on this machine, with Pods made by the standard CNI plugins, judged by the kernel.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Namespaces } from '../../test/support/network/namespaces.ts'
import type { Peer } from '../../test/support/network/peer.ts'
import type { Pod } from '../api/types/core/v1.ts'
import { wholeTable } from '../platform/nftables/ruleset.ts'
import { renderCniConfig } from './cni-config.ts'
import { networkTable, renderHostRules } from './host-rules.ts'
import { routeChanges } from './node-routes.ts'

const pluginDirectory = '/usr/lib/cni'
const clusterCidr = '10.244.0.0/16'
const dnsPort = 10_053
const nodeNames = ['one', 'two'] as const
const podCidr = (node: number) => `10.244.${node}.0/24`
const nodeAddress = (node: number) => `192.0.2.${node + 1}`
const outsideAddress = '192.0.2.9'

interface TestPod {
  readonly peer: Peer
  readonly address: string
  remove(): Promise<void>
}

describe('the Pod network', () => {
  const spaces = new Namespaces('kubets-net')
  const directory = mkdtempSync(join(tmpdir(), 'kubets-net-'))
  const nodes: string[] = []
  const pods: TestPod[] = []
  let outside: Peer
  let host: Peer

  /** What containerd does with our configuration: runs the first plugin, in the node's namespace. */
  async function addPod(node: number, name: string): Promise<TestPod> {
    const namespace = await spaces.add(name)
    const stateDirectory = join(directory, String(node))
    const list = JSON.parse(renderCniConfig({ podCidr: podCidr(node), stateDirectory, mtu: 1500 }))
    const { cniVersion, name: network } = list
    const config = JSON.stringify({ cniVersion, name: network, ...list.plugins[0] })
    const plugin = (command: string) => {
      const variables = [`CNI_COMMAND=${command}`, `CNI_CONTAINERID=${name}`, `CNI_NETNS=/run/netns/${namespace}`]
      const rest = ['CNI_IFNAME=eth0', `CNI_PATH=${pluginDirectory}`, `${pluginDirectory}/${list.plugins[0].type}`]
      return spaces.run(nodes[node]!, 'env', [...variables, ...rest], config)
    }
    const { ips } = JSON.parse(await plugin('ADD')) as { ips: { address: string }[] }
    const peer = await spaces.peer(namespace, name)
    await peer.ask({ op: 'serveTcp', port: 8080 })
    return { peer, address: ips[0]!.address.split('/')[0]!, remove: () => plugin('DEL').then(() => undefined) }
  }

  const writeRules = (node: number, hostPorts: readonly Pod[]) => {
    const rules = renderHostRules(hostPorts, { podCidr: podCidr(node), clusterCidr, dnsPort })
    return spaces.run(nodes[node]!, 'nft', ['-f', '-'], `${wholeTable(networkTable, rules)}\n`)
  }

  before(async () => {
    const link = await spaces.add('link')
    await spaces.ip(link, 'link', 'add', 'bridge', 'type', 'bridge')
    await spaces.ip(link, 'link', 'set', 'bridge', 'up')
    const outsideName = await spaces.add('outside')
    for (const name of nodeNames) nodes.push(await spaces.add(name, { forwards: true }))
    const joined = [...nodes.map((name, i) => [name, nodeAddress(i)] as const), [outsideName, outsideAddress] as const]
    for (const [i, [name, address]] of joined.entries()) {
      await spaces.ip(link, 'link', 'add', `port${i}`, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', name)
      await spaces.ip(link, 'link', 'set', `port${i}`, 'master', 'bridge', 'up')
      await spaces.ip(name, 'address', 'add', `${address}/24`, 'dev', 'uplink')
      await spaces.ip(name, 'link', 'set', 'uplink', 'up')
    }
    for (const [i, name] of nodes.entries()) {
      const other = 1 - i
      for (const args of routeChanges([], [{ podCidr: podCidr(other), via: nodeAddress(other) }]))
        await spaces.ip(name, ...args)
      await writeRules(i, [])
    }
    outside = await spaces.peer(outsideName)
    host = await spaces.peer(nodes[0]!)
    await outside.ask({ op: 'serveTcp', port: 9000 })
    for (const [node, name] of [
      [0, 'a'],
      [0, 'b'],
      [1, 'c'],
    ] as const)
      pods.push(await addPod(node, name))
  })
  after(async () => {
    await Promise.allSettled(pods.map((pod) => pod.remove()))
    await spaces.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('Pods of one node and of two reach each other and see the true address', async () => {
    const [a, b, c] = pods as [TestPod, TestPod, TestPod]
    assert.deepEqual(await a.peer.tcp(b.address, 8080), { server: 'b', client: a.address })
    assert.deepEqual(await a.peer.tcp(c.address, 8080), { server: 'c', client: a.address })
    assert.deepEqual(await c.peer.tcp(a.address, 8080), { server: 'a', client: c.address })
  })

  test('whoever is outside sees the node’s address', async () => {
    assert.equal((await pods[0]!.peer.tcp(outsideAddress, 9000)).client, nodeAddress(0))
    assert.equal((await pods[2]!.peer.tcp(outsideAddress, 9000)).client, nodeAddress(1))
  })

  test('a host port leads to its Pod from outside, the node, other Pods and the Pod itself', async () => {
    const { address, peer } = pods[0]!
    const pod: Pod = {
      metadata: { name: 'a', namespace: 'default' },
      spec: { containers: [{ name: 'c', ports: [{ hostPort: 80, containerPort: 8080 }] }] },
      status: { phase: 'Running', podIP: address },
    }
    await writeRules(0, [pod])
    assert.deepEqual(await outside.tcp(nodeAddress(0), 80), { server: 'a', client: outsideAddress })
    for (const from of [host, pods[1]!.peer, pods[2]!.peer, peer])
      assert.equal((await from.tcp(nodeAddress(0), 80)).server, 'a')
    const fromNode = { op: 'tcp', address: '127.0.0.1', port: 80, localAddress: nodeAddress(0) } as const
    assert.equal((await host.ask(fromNode)).server, 'a')
  })

  test('a question to the DNS port goes unanswered while nobody listens; other ports say so', async () => {
    const ask = (port: number) => pods[0]!.peer.ask({ op: 'udp', address: nodeAddress(0), port })
    assert.equal((await ask(dnsPort)).error, 'timeout')
    assert.equal((await ask(dnsPort + 1)).error, 'ECONNREFUSED')
  })
})
