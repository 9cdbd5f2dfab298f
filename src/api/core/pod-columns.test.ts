import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodStatus } from '../types/core/v1.ts'
import { summarizePod } from './pod-columns.ts'

interface Case {
  readonly title: string
  readonly spec?: Partial<Pod['spec']>
  readonly status: PodStatus
  readonly deleted?: boolean
  readonly want: { ready: number; total: number; reason: string; restarts: number }
}

const running = { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 1, state: { running: {} } }
const completed = {
  ...running,
  ready: false,
  restartCount: 0,
  state: { terminated: { exitCode: 0, reason: 'Completed' } },
}

const cases: Case[] = [
  {
    title: 'without statuses shows its phase',
    status: { phase: 'Pending' },
    want: { ready: 0, total: 1, reason: 'Pending', restarts: 0 },
  },
  {
    title: 'that runs counts its ready containers and their restarts',
    status: { phase: 'Running', containerStatuses: [running] },
    want: { ready: 1, total: 1, reason: 'Running', restarts: 1 },
  },
  {
    title: 'in back-off shows why it waits',
    status: {
      phase: 'Running',
      containerStatuses: [
        { ...running, ready: false, restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } },
      ],
    },
    want: { ready: 0, total: 1, reason: 'CrashLoopBackOff', restarts: 4 },
  },
  {
    title: 'with an init container at work shows how far it is',
    spec: { initContainers: [{ name: 'one' }, { name: 'two' }] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [
        { ...completed, name: 'one' },
        { ...running, name: 'two', ready: false, restartCount: 0 },
      ],
    },
    want: { ready: 0, total: 1, reason: 'Init:1/2', restarts: 0 },
  },
  {
    title: 'with one container done and another running is not ready',
    status: { phase: 'Running', containerStatuses: [completed, { ...running, name: 'd' }] },
    want: { ready: 1, total: 1, reason: 'NotReady', restarts: 1 },
  },
  {
    title: 'that is being deleted terminates',
    status: { phase: 'Running', containerStatuses: [running] },
    deleted: true,
    want: { ready: 1, total: 1, reason: 'Terminating', restarts: 1 },
  },
]

for (const { title, spec, status, deleted, want } of cases) {
  test(`a Pod ${title}`, () => {
    const pod: Pod = {
      metadata: { name: 'p', ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
      spec: { containers: [{ name: 'c' }], ...spec },
      status,
    }
    const { lastRestart: _lastRestart, ...summary } = summarizePod(pod)
    assert.deepEqual(summary, want)
  })
}
