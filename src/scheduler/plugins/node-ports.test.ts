import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { nodePorts } from './node-ports.ts'

const taking = (protocol: string, nodeName: string, hostIP = '') =>
  buildPod(`${protocol}-${nodeName}`, {
    spec: { nodeName, containers: [{ name: 'c', ports: [{ hostPort: 80, containerPort: 80, protocol, hostIP }] }] },
  })

const cases = [
  {
    title: 'gives a port of a node away once',
    nodes: [buildNode('a'), buildNode('b')],
    there: [taking('UDP', 'b'), taking('TCP', 'a')],
    pod: buildPod('p', { hostPort: 80 }),
    rejected: { a: "node(s) didn't have free ports for the requested pod ports" },
  },
  {
    title: 'gives it away once an address',
    nodes: [buildNode('a')],
    there: [taking('TCP', 'a', '10.0.0.1')],
    pod: taking('TCP', '', '10.0.0.2'),
  },
  {
    title: 'counts a port on every address for each',
    nodes: [buildNode('a')],
    there: [taking('TCP', 'a', '10.0.0.1')],
    pod: buildPod('p', { hostPort: 80 }),
    rejected: { a: "node(s) didn't have free ports for the requested pod ports" },
  },
]

for (const { title, nodes, there = [], pod, rejected = {} } of cases) {
  test(`NodePorts ${title}`, () => {
    assert.deepEqual(askPlugin(nodePorts, pod, buildCluster(nodes, { pods: there })), { rejected, scores: {} })
  })
}
