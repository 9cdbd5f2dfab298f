import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { nodeResourcesFit } from './node-resources-fit.ts'

const cases = [
  {
    title: 'says everything a node lacks',
    nodes: [buildNode('a', { allocatable: { pods: '0', cpu: '1', memory: '1Gi' } })],
    pod: buildPod('p', { cpu: '2', memory: '2Gi' }),
    rejected: { a: 'Too many pods, Insufficient cpu, Insufficient memory' },
  },
  {
    title: 'likes the node best that has the most left',
    nodes: [buildNode('a'), buildNode('b', { allocatable: { cpu: '8', memory: '16Gi' } })],
    pod: buildPod('p', { cpu: '2', memory: '4Gi' }),
    scores: { a: 50, b: 75 },
  },
]

for (const { title, nodes, pod, rejected = {}, scores = {} } of cases) {
  test(`NodeResourcesFit ${title}`, () => {
    assert.deepEqual(askPlugin(nodeResourcesFit, pod, buildCluster(nodes)), { rejected, scores })
  })
}
