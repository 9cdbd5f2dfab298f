import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../api/types/core/v1.ts'
import { inDeletionOrder, type RankedPod } from './pod-deletion-order.ts'

const nowMs = Date.UTC(2026, 0, 2)
const agoMs = (ms: number) => new Date(nowMs - ms).toISOString()

interface Sketch {
  node?: string
  phase?: string
  readyForMs?: number
  cost?: string
  restarts?: number
  ageMs?: number
  rank?: number
  uid?: string
}

function ranked(name: string, sketch: Sketch): RankedPod {
  const {
    node = 'n1',
    phase = 'Running',
    readyForMs,
    cost,
    restarts = 0,
    ageMs = 60_000,
    rank = 0,
    uid = name,
  } = sketch
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: agoMs(readyForMs ?? 0) }
  const pod: Pod = {
    metadata: {
      name,
      uid,
      creationTimestamp: agoMs(ageMs),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
    },
    spec: { nodeName: node, containers: [] },
    status: {
      phase,
      conditions: readyForMs === undefined ? [] : [ready],
      containerStatuses: [{ name: 'c', restartCount: restarts }] as NonNullable<
        NonNullable<Pod['status']>['containerStatuses']
      >,
    },
  }
  return { pod, rank }
}

const rows: [title: string, first: Sketch, second: Sketch][] = [
  ['not assigned before assigned', { node: '' }, {}],
  ['pending before running', { phase: 'Pending' }, {}],
  ['unknown before running', { phase: 'Unknown' }, {}],
  ['not ready before ready', {}, { readyForMs: 1000 }],
  ['cheap before dear', { cost: '-5' }, { cost: '10' }],
  ['an invalid cost counts as none', { cost: 'cheap' }, { cost: '1' }],
  ['crowded before alone', { rank: 3 }, { rank: 1 }],
  ['ready for less time before ready for longer', { readyForMs: 1000 }, { readyForMs: 100_000 }],
  [
    'times of the same magnitude count as equal, and the uid decides',
    { readyForMs: 70_000, uid: 'a' },
    { readyForMs: 69_000, uid: 'b' },
  ],
  ['more restarts before fewer', { restarts: 4 }, { restarts: 1 }],
  ['younger before older', { ageMs: 1000 }, { ageMs: 1_000_000 }],
]
for (const [title, first, second] of rows) {
  test(title, () => {
    const pods = [ranked('second', { uid: 'z', ...second }), ranked('first', { uid: 'y', ...first })]
    assert.deepEqual(
      inDeletionOrder(pods, nowMs).map(({ metadata }) => metadata?.name),
      ['first', 'second'],
    )
  })
}
