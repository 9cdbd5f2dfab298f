import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'

const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } }
const required = { requiredDuringSchedulingIgnoredDuringExecution: [term] }
const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: term }] }
const nodes = [buildNode('a', { labels: { zone: '1' } }), buildNode('b', { labels: { zone: '2' } })]
const web = buildPod('web', { labels: { app: 'web' }, spec: { nodeName: 'a' } })

const cases = [
  {
    title: 'keeps a Pod near those it needs',
    nodes,
    there: [web],
    pod: buildPod('p', { spec: { affinity: { podAffinity: required } } }),
    rejected: { b: "node(s) didn't match pod affinity rules" },
  },
  {
    title: 'keeps a Pod away from those it does not bear',
    nodes,
    there: [web],
    pod: buildPod('p', { spec: { affinity: { podAntiAffinity: required } } }),
    rejected: { a: "node(s) didn't match pod anti-affinity rules" },
  },
  {
    title: 'likes nodes less that are near those a Pod would rather avoid',
    nodes,
    there: [web],
    pod: buildPod('p', { spec: { affinity: { podAntiAffinity: preferred } } }),
    scores: { a: 0, b: 100 },
  },
]

for (const { title, nodes, there = [], pod, rejected = {}, scores = {} } of cases) {
  test(`InterPodAffinity ${title}`, () => {
    assert.deepEqual(askPlugin(interPodAffinity, pod, buildCluster(nodes, { pods: there })), { rejected, scores })
  })
}
