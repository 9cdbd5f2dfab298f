import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildBudget, buildCluster, buildNode, buildPod } from '../../test/support/scheduling.ts'
import type { PodStatus } from '../api/types/core/v1.ts'
import type { DisruptionBudget } from './cache.ts'
import { schedulePod } from './cycle.ts'
import { plugins } from './plugins/all.ts'
import type { PodObject } from './pod-object.ts'
import { preempt } from './preemption.ts'

interface Extra {
  readonly labels?: Record<string, string>
  readonly status?: PodStatus
  readonly deletionTimestamp?: string
}

const running = (name: string, nodeName: string, priority: number, cpu: string, extra: Extra = {}) =>
  buildPod(name, {
    spec: { nodeName, priority, containers: [{ name: 'c', resources: { requests: { cpu } } }] },
    ...extra,
  })

interface There {
  readonly pods: readonly PodObject[]
  readonly nodes?: readonly string[]
  readonly budgets?: readonly DisruptionBudget[]
}

function preemptFor(pod: PodObject, { pods, nodes = ['a', 'b'], budgets = [] }: There) {
  const cluster = buildCluster(
    nodes.map((name) => buildNode(name)),
    { pods, disruptionBudgets: budgets },
  )
  const decision = schedulePod({ pod, cluster, plugins, startIndex: 0, random: () => 0 })
  assert.equal(decision.placed, false)
  const rejections = decision.placed ? new Map() : decision.rejections
  const { victims, ...rest } = preempt({ pod, cluster, plugins, rejections, random: () => 0 })
  return { ...rest, victims: victims.map(({ metadata }) => metadata.name) }
}

const urgent = buildPod('urgent', { cpu: '2', spec: { priority: 100 } })
const web = { labels: { app: 'web' } }
const leaving: Extra = {
  deletionTimestamp: '2026-01-01T00:00:00Z',
  status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] },
}
const waitingFor = (nominatedNodeName: string) =>
  buildPod('urgent', { cpu: '2', spec: { priority: 100 }, status: { nominatedNodeName } })
const started = (startTime: string): Extra => ({ status: { startTime } })

interface Case extends There {
  readonly title: string
  readonly pod?: PodObject
  readonly victims?: readonly string[]
  readonly nominated?: string | undefined
  readonly message?: string
}

const cases: Case[] = [
  {
    title: 'takes the node whose victims matter least, and only as many of them as it must',
    pods: [running('a1', 'a', 50, '4'), running('b1', 'b', 10, '2'), running('b2', 'b', 20, '2')],
    victims: ['b1'],
    nominated: 'b',
  },
  {
    title: 'takes the node that breaks no budget, though its victims matter more',
    pods: [running('a1', 'a', 10, '4', web), running('b1', 'b', 50, '4')],
    budgets: [buildBudget(web.labels, 0)],
    victims: ['b1'],
    nominated: 'b',
  },
  {
    title: 'takes a Pod whose budget has room like any other',
    pods: [running('a1', 'a', 10, '4', web), running('b1', 'b', 50, '4')],
    budgets: [buildBudget(web.labels, 1)],
    victims: ['a1'],
    nominated: 'a',
  },
  {
    title: 'spares on one node whom a budget protects, though that one matters less',
    pods: [running('protected', 'a', 10, '2', web), running('free', 'a', 20, '2')],
    nodes: ['a'],
    budgets: [buildBudget(web.labels, 0)],
    victims: ['free'],
    nominated: 'a',
  },
  {
    title: 'breaks a budget where nothing else makes room',
    pods: [running('protected', 'a', 10, '4', web)],
    nodes: ['a'],
    budgets: [buildBudget(web.labels, 0)],
    victims: ['protected'],
    nominated: 'a',
  },
  {
    title: 'takes the victim that has run the shortest',
    pods: [
      running('old', 'a', 10, '2', started('2026-01-01T00:00:00Z')),
      running('young', 'a', 10, '2', started('2026-01-02T00:00:00Z')),
    ],
    nodes: ['a'],
    victims: ['young'],
    nominated: 'a',
  },
  {
    title: 'removes nobody of equal priority',
    pod: buildPod('p', { cpu: '2' }),
    pods: [running('a1', 'a', 0, '4'), running('b1', 'b', 0, '4')],
    nominated: '',
    message: ' preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
  },
  {
    title: 'removes nobody where that would not be enough',
    pods: [running('low', 'a', 0, '1'), running('high', 'a', 1000, '3')],
    nodes: ['a'],
    nominated: '',
    message: ' preemption: 0/1 nodes are available: 1 Insufficient cpu.',
  },
  {
    title: 'removes nobody for what no node could ever hold',
    pod: buildPod('p', { cpu: '9' }),
    pods: [running('a1', 'a', -1, '4')],
    nodes: ['a'],
    nominated: '',
    message: ' preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
  },
  {
    title: 'removes nobody with preemptionPolicy Never',
    pod: buildPod('p', { cpu: '2', spec: { priority: 5, preemptionPolicy: 'Never' } }),
    pods: [running('a1', 'a', 0, '4')],
    nodes: ['a'],
    message: ' preemption: not eligible due to preemptionPolicy=Never.',
  },
  {
    title: 'waits for those it has removed',
    pod: waitingFor('a'),
    pods: [running('a1', 'a', 0, '4', leaving), running('b1', 'b', 0, '4')],
    message: ' preemption: not eligible due to a terminating pod on the nominated node.',
  },
  {
    title: 'does not take room that is being made for a Pod of its own priority',
    pods: [
      running('a1', 'a', 0, '4'),
      running('b1', 'b', 50, '4'),
      buildPod('first', { cpu: '3', spec: { priority: 100 }, status: { nominatedNodeName: 'a' } }),
    ],
    victims: ['b1'],
    nominated: 'b',
  },
]

for (const { title, pod = urgent, victims = [], nominated, message = '', ...there } of cases) {
  test(`a Pod ${title}`, () => {
    assert.deepEqual(preemptFor(pod, there), { victims, nominatedNodeName: nominated, message })
  })
}
