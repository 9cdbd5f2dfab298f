import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { podTopologySpread } from './pod-topology-spread.ts'

const labels = { app: 'web' }
const spread = (whenUnsatisfiable: string) => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable, labelSelector: { matchLabels: labels } },
  ],
})
const nodes = [buildNode('a', { labels: { zone: '1' } }), buildNode('b', { labels: { zone: '2' } }), buildNode('c')]
const web = buildPod('web', { labels, spec: { nodeName: 'a' } })

const cases = [
  {
    title: 'refuses a domain that would have too many more than another',
    nodes,
    there: [web],
    pod: buildPod('p', { labels, spec: spread('DoNotSchedule') }),
    rejected: {
      a: "node(s) didn't match pod topology spread constraints",
      c: "node(s) didn't match pod topology spread constraints (missing required label)",
    },
  },
  {
    title: 'likes the domain with the fewest',
    nodes: nodes.slice(0, 2),
    there: [web],
    pod: buildPod('p', { labels, spec: spread('ScheduleAnyway') }),
    scores: { a: 0, b: 100 },
  },
]

for (const { title, nodes, there = [], pod, rejected = {}, scores = {} } of cases) {
  test(`PodTopologySpread ${title}`, () => {
    assert.deepEqual(askPlugin(podTopologySpread, pod, buildCluster(nodes, { pods: there })), { rejected, scores })
  })
}
