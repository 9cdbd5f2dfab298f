import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildCluster, buildNode, buildPod } from '../../test/support/scheduling.ts'
import { schedulePod } from './cycle.ts'
import { plugins } from './plugins/all.ts'
import type { PodObject } from './pod-object.ts'
import { preempt } from './preemption.ts'

const running = (name: string, nodeName: string, priority: number, cpu: string) =>
  buildPod(name, { spec: { nodeName, priority, containers: [{ name: 'c', resources: { requests: { cpu } } }] } })

function preemptFor(pod: PodObject, there: PodObject[], nodes = ['a', 'b']) {
  const cluster = buildCluster(
    nodes.map((name) => buildNode(name)),
    there,
  )
  const decision = schedulePod({ pod, cluster, plugins, startIndex: 0, random: () => 0 })
  assert.equal(decision.placed, false)
  return preempt({ pod, cluster, plugins, rejections: decision.placed ? new Map() : decision.rejections })
}

test('the node whose victims matter least is chosen, and only as many go as must', () => {
  const pod = buildPod('urgent', { cpu: '2', spec: { priority: 100 } })
  const there = [running('a1', 'a', 50, '4'), running('b1', 'b', 10, '2'), running('b2', 'b', 20, '2')]
  const { victims, nominatedNodeName } = preemptFor(pod, there)
  assert.equal(nominatedNodeName, 'b')
  assert.deepEqual(
    victims.map(({ metadata }) => metadata.name),
    ['b1'],
  )
})

test('nobody of equal priority goes', () => {
  const pod = buildPod('p', { cpu: '2' })
  const { victims, message } = preemptFor(pod, [running('a1', 'a', 0, '4'), running('b1', 'b', 0, '4')])
  assert.deepEqual(victims, [])
  assert.equal(message, ' preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.')
})

test('a Pod that no node could ever hold preempts nobody', () => {
  const pod = buildPod('p', { cpu: '9' })
  const { message } = preemptFor(pod, [running('a1', 'a', -1, '4')], ['a'])
  assert.equal(message, ' preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.')
})

test('preemptionPolicy Never preempts nobody', () => {
  const pod = buildPod('p', { cpu: '2', spec: { priority: 5, preemptionPolicy: 'Never' } })
  const { victims, message } = preemptFor(pod, [running('a1', 'a', 0, '4')], ['a'])
  assert.deepEqual(victims, [])
  assert.equal(message, ' preemption: not eligible due to preemptionPolicy=Never.')
})
