import assert from 'node:assert/strict'
import { test } from 'node:test'
import { askPlugin, buildCluster, buildNode, buildPod } from '../../../test/support/scheduling.ts'
import { taintToleration } from './taint-toleration.ts'

const tainted = (name: string, effect: string) => buildNode(name, { spec: { taints: [{ key: 'k', effect }] } })

const cases = [
  {
    title: 'keeps Pods off taints they do not tolerate',
    nodes: [tainted('a', 'NoSchedule'), tainted('b', 'NoExecute'), buildNode('c')],
    pod: buildPod('p'),
    rejected: { a: 'node(s) had untolerated taint(s)', b: 'node(s) had untolerated taint(s)' },
    scores: { c: 100 },
  },
  {
    title: 'likes a node with a PreferNoSchedule taint less',
    nodes: [tainted('a', 'PreferNoSchedule'), buildNode('b')],
    pod: buildPod('p'),
    scores: { a: 0, b: 100 },
  },
  {
    title: 'lets those through that tolerate every taint',
    nodes: [tainted('a', 'NoSchedule'), tainted('b', 'PreferNoSchedule')],
    pod: buildPod('p', { spec: { tolerations: [{ operator: 'Exists' }] } }),
    scores: { a: 100, b: 100 },
  },
]

for (const { title, nodes, pod, rejected = {}, scores = {} } of cases) {
  test(`TaintToleration ${title}`, () => {
    assert.deepEqual(askPlugin(taintToleration, pod, buildCluster(nodes)), { rejected, scores })
  })
}
