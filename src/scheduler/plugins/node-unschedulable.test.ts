import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { nodeUnschedulable } from './node-unschedulable.ts'

const cases = [
  {
    title: 'keeps Pods off a cordoned node',
    nodes: [buildNode('a', { spec: { unschedulable: true } }), buildNode('b')],
    pod: buildPod('p'),
    rejected: { a: 'node(s) were unschedulable' },
  },
  {
    title: 'lets those through that tolerate it',
    nodes: [buildNode('a', { spec: { unschedulable: true } })],
    pod: buildPod('p', { spec: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] } }),
  },
]

for (const { title, nodes, pod, rejected = {} } of cases) {
  test(`NodeUnschedulable ${title}`, () => {
    assert.deepEqual(askPlugin(nodeUnschedulable, pod, buildCluster(nodes)), { rejected, scores: {} })
  })
}
