import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildCluster, buildNode, buildPod } from '../../test/support/scheduling.ts'
import type { NodeObject } from './cache.ts'
import { feasibleNodesToFind, schedulePod } from './cycle.ts'
import { plugins } from './plugins/all.ts'
import type { PodObject } from './pod-object.ts'

interface Case {
  title: string
  nodes: NodeObject[]
  there?: PodObject[]
  pod: PodObject
  /** The chosen node, or the message that says why there is none. */
  outcome: string
}

const zone = 'topology.kubernetes.io/zone'
const requiredAffinity = (key: string, values: string[]) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }],
    },
  },
})
const podTerm = (topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: { app: 'web' } } })
const spread = (whenUnsatisfiable: string) => [
  { maxSkew: 1, topologyKey: zone, whenUnsatisfiable, labelSelector: { matchLabels: { app: 'web' } } },
]
const onNode = (nodeName: string, more: object = {}) => ({ spec: { nodeName, containers: [{ name: 'c' }], ...more } })

const cases: Case[] = [
  {
    title: 'goes where there is room',
    nodes: [buildNode('full'), buildNode('free')],
    there: [
      buildPod('big', {
        cpu: '3',
        ...{ spec: { nodeName: 'full', containers: [{ name: 'c', resources: { requests: { cpu: '3' } } }] } },
      }),
    ],
    pod: buildPod('p', { cpu: '2' }),
    outcome: 'free',
  },
  {
    title: 'is told everything a node lacks',
    nodes: [buildNode('small'), buildNode('tainted', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } })],
    pod: buildPod('p', { cpu: '5', memory: '9Gi' }),
    outcome: '0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) had untolerated taint(s).',
  },
  {
    title: 'is told that there are no nodes',
    nodes: [],
    pod: buildPod('p'),
    outcome: 'no nodes available to schedule pods',
  },
  {
    title: 'stays off a cordoned node',
    nodes: [buildNode('cordoned', { spec: { unschedulable: true } })],
    pod: buildPod('p'),
    outcome: '0/1 nodes are available: 1 node(s) were unschedulable.',
  },
  {
    title: 'goes onto a tainted node that it tolerates',
    nodes: [buildNode('tainted', { spec: { taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }] } })],
    pod: buildPod('p', { spec: { tolerations: [{ key: 'a', operator: 'Equal', value: 'b', effect: 'NoSchedule' }] } }),
    outcome: 'tainted',
  },
  {
    title: 'does not go onto a node whose taint it tolerates for another effect',
    nodes: [buildNode('tainted', { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } })],
    pod: buildPod('p', { spec: { tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }] } }),
    outcome: '0/1 nodes are available: 1 node(s) had untolerated taint(s).',
  },
  {
    title: 'follows its node selector',
    nodes: [buildNode('a'), buildNode('b', { labels: { disk: 'ssd' } })],
    pod: buildPod('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
    outcome: 'b',
  },
  {
    title: 'follows its required node affinity',
    nodes: [buildNode('a', { labels: { disk: 'hdd' } })],
    pod: buildPod('p', { spec: { affinity: requiredAffinity('disk', ['ssd']) } }),
    outcome: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    title: 'finds its host port taken',
    nodes: [buildNode('a')],
    there: [
      buildPod('other', onNode('a', { containers: [{ name: 'c', ports: [{ hostPort: 80, containerPort: 80 }] }] })),
    ],
    pod: buildPod('p', { hostPort: 80 }),
    outcome: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  },
  {
    title: 'goes to the zone of the Pods it wants to be near',
    nodes: [buildNode('a', { labels: { [zone]: '1' } }), buildNode('b', { labels: { [zone]: '2' } })],
    there: [buildPod('web', { labels: { app: 'web' }, ...onNode('b') })],
    pod: buildPod('p', {
      spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podTerm(zone)] } } },
    }),
    outcome: 'b',
  },
  {
    title: 'may be the first of a group that wants to be together',
    nodes: [buildNode('a', { labels: { [zone]: '1' } })],
    pod: buildPod('p', {
      labels: { app: 'web' },
      spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podTerm(zone)] } } },
    }),
    outcome: 'a',
  },
  {
    title: 'keeps away from the Pods it does not want to be near',
    nodes: [buildNode('a', { labels: { [zone]: '1' } })],
    there: [buildPod('web', { labels: { app: 'web' }, ...onNode('a') })],
    pod: buildPod('p', {
      spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podTerm(zone)] } } },
    }),
    outcome: "0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.",
  },
  {
    title: 'is kept away by Pods that do not want it near',
    nodes: [buildNode('a', { labels: { [zone]: '1' } })],
    there: [
      buildPod(
        'loner',
        onNode('a', {
          affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podTerm(zone)] } },
        }),
      ),
    ],
    pod: buildPod('p', { labels: { app: 'web' } }),
    outcome: "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
  },
  {
    title: 'goes to the domain that has fewer of its kind',
    nodes: [buildNode('a', { labels: { [zone]: '1' } }), buildNode('b', { labels: { [zone]: '2' } })],
    there: [buildPod('web', { labels: { app: 'web' }, ...onNode('a') })],
    pod: buildPod('p', { labels: { app: 'web' }, spec: { topologySpreadConstraints: spread('DoNotSchedule') } }),
    outcome: 'b',
  },
  {
    title: 'is not placed where the spread would be too uneven',
    nodes: [
      buildNode('a', { labels: { [zone]: '1' } }),
      buildNode('b', { labels: { [zone]: '2' }, spec: { unschedulable: true } }),
    ],
    there: [buildPod('web', { labels: { app: 'web' }, ...onNode('a') })],
    pod: buildPod('p', { labels: { app: 'web' }, spec: { topologySpreadConstraints: spread('DoNotSchedule') } }),
    outcome:
      "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable.",
  },
  {
    title: 'prefers the node that holds its image',
    nodes: [buildNode('a'), buildNode('b', { images: [{ names: ['app:latest'], sizeBytes: 900 * 2 ** 20 }] })],
    pod: buildPod('p'),
    outcome: 'b',
  },
]

for (const { title, nodes, there, pod, outcome } of cases) {
  test(`a Pod ${title}`, () => {
    const decision = schedulePod({
      pod,
      cluster: buildCluster(nodes, { pods: there ?? [] }),
      plugins,
      startIndex: 0,
      random: () => 0.99,
    })
    assert.equal(decision.placed ? decision.node.name : decision.message, outcome)
  })
}

const samples = [
  { nodes: 10, find: 10 },
  { nodes: 100, find: 100 },
  { nodes: 1000, find: 420 },
  { nodes: 6000, find: 300 },
]
for (const { nodes, find } of samples) {
  test(`among ${nodes} nodes ${find} feasible ones are enough`, () => assert.equal(feasibleNodesToFind(nodes), find))
}
