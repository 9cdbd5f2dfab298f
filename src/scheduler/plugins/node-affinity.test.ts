import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { nodeAffinity } from './node-affinity.ts'

const prefers = (key: string, weight: number) => ({
  weight,
  preference: { matchExpressions: [{ key, operator: 'Exists' }] },
})

const cases = [
  {
    title: 'keeps a Pod on the nodes it selects',
    nodes: [buildNode('a', { labels: { disk: 'ssd' } }), buildNode('b')],
    pod: buildPod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
    rejected: { b: "node(s) didn't match Pod's node affinity/selector" },
  },
  {
    title: 'adds up the weights of what a Pod prefers',
    nodes: [buildNode('a', { labels: { disk: 'ssd', size: 'big' } }), buildNode('b', { labels: { size: 'big' } })],
    pod: buildPod('p', {
      spec: {
        affinity: {
          nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [prefers('disk', 30), prefers('size', 10)] },
        },
      },
    }),
    scores: { a: 100, b: 25 },
  },
  { title: 'has nothing to say to a Pod that selects no node', nodes: [buildNode('a')], pod: buildPod('p') },
]

for (const { title, nodes, pod, rejected = {}, scores = {} } of cases) {
  test(`NodeAffinity ${title}`, () => {
    assert.deepEqual(askPlugin(nodeAffinity, pod, buildCluster(nodes)), { rejected, scores })
  })
}
