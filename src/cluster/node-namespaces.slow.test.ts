import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { Peer } from '../../test/support/network/peer.ts'
import { runProgram } from '../platform/run-program.ts'
import {
  bridgeAddress,
  createBridge,
  createNodeNamespace,
  nodeNamespace,
  removeNodeNamespaces,
} from './node-namespaces.ts'

test('namespaces of nodes reach each other and the host, can be made again, and leave nothing', async () => {
  const namespaces = [201, 202].map((number) => nodeNamespace(`test-${number}`, number))
  const bridgeWasThere = existsSync('/sys/class/net/kubets0')
  assert.equal(bridgeWasThere, false, 'a cluster of several nodes runs on this machine')
  const peers: Peer[] = []
  try {
    for (let round = 0; round < 2; round++) {
      await createBridge()
      for (const [i, namespace] of namespaces.entries()) await createNodeNamespace(namespace, 201 + i)
    }
    const [first, second] = namespaces
    const route = (to: string) => runProgram('ip', ['-n', first!.name, 'route', 'get', to])
    assert.match(await route(second!.address), /dev eth0/)
    assert.match(await route('192.0.2.1'), new RegExp(`via ${bridgeAddress}`))
    for (const { name } of namespaces) peers.push(await Peer.start(name))
    await peers[1]!.ask({ op: 'serveTcp', port: 8080 })
    assert.deepEqual(await peers[0]!.tcp(second!.address, 8080), { server: second!.name, client: first!.address })
    assert.equal((await peers[0]!.tcp(bridgeAddress, 1)).error, 'ECONNREFUSED')
  } finally {
    await Promise.all(peers.map((peer) => peer.close()))
    await removeNodeNamespaces(namespaces)
  }
  assert.equal(
    namespaces.some(({ path }) => existsSync(path)),
    false,
  )
  assert.equal(existsSync('/sys/class/net/kubets0'), false)
  assert.doesNotMatch(await runProgram('nft', ['list', 'tables']), /kubets-nodes/)
})
