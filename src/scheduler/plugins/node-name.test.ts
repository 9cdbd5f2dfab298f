import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { nodeName } from './node-name.ts'

const cases = [
  {
    title: 'lets a Pod go only where it says',
    nodes: [buildNode('a'), buildNode('b')],
    pod: buildPod('p', { spec: { nodeName: 'b' } }),
    rejected: { a: "node(s) didn't match the requested node name" },
  },
  { title: 'has nothing to say to a Pod that names no node', nodes: [buildNode('a')], pod: buildPod('p') },
]

for (const { title, nodes, pod, rejected = {} } of cases) {
  test(`NodeName ${title}`, () => {
    assert.deepEqual(askPlugin(nodeName, pod, buildCluster(nodes)), { rejected, scores: {} })
  })
}
