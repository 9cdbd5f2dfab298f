import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { nodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts'

const cases = [
  {
    title: 'likes the node best that the Pod makes more even',
    nodes: [buildNode('even'), buildNode('much-memory', { allocatable: { memory: '64Gi' } })],
    pod: buildPod('p', { cpu: '2', memory: '4Gi' }),
    scores: { even: 75, 'much-memory': 64 },
  },
  { title: 'has nothing to say to a Pod that asks for nothing', nodes: [buildNode('a')], pod: buildPod('p') },
]

for (const { title, nodes, pod, scores = {} } of cases) {
  test(`NodeResourcesBalancedAllocation ${title}`, () => {
    assert.deepEqual(askPlugin(nodeResourcesBalancedAllocation, pod, buildCluster(nodes)), { rejected: {}, scores })
  })
}
