import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job, JobSpec, JobStatus } from '../../api/types/batch/v1.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { firstFreeIndexes, formatIndexes, parseIndexes } from './index-intervals.ts'
import { backoffLeftMs, nextBackoff, noBackoff } from './job-backoff.ts'
import { type JobView, jobFacts } from './job-facts.ts'
import { completionIndexAnnotation, trackingFinalizer } from './job-pods.ts'
import { planTracking } from './job-status.ts'
import { judgeJob } from './judge-job.ts'
import { planJobPods } from './plan-job-pods.ts'

const nowMs = Date.UTC(2026, 0, 2)
const time = (ms: number) => new Date(ms).toISOString()

interface PodSketch {
  phase?: string
  index?: number
  going?: boolean
  endedMs?: number
  restarts?: number
}

function podOf({ phase = 'Running', index, going, endedMs = nowMs, restarts = 0 }: PodSketch, position: number): Pod {
  const ended = phase === 'Succeeded' || phase === 'Failed'
  const state = ended ? { terminated: { exitCode: phase === 'Failed' ? 1 : 0, finishedAt: time(endedMs) } } : {}
  return {
    metadata: {
      name: `p${position}`,
      uid: `u${position}`,
      finalizers: [trackingFinalizer],
      ...(index === undefined ? {} : { annotations: { [completionIndexAnnotation]: `${index}` } }),
      ...(going ? { deletionTimestamp: time(nowMs) } : {}),
    },
    status: {
      phase,
      containerStatuses: [{ name: 'c', image: '', imageID: '', ready: false, restartCount: restarts, state }],
    },
  }
}

function view(spec: Partial<JobSpec>, sketches: PodSketch[], status: JobStatus = {}): JobView {
  const job: Job = {
    metadata: { name: 'work', namespace: 'default' },
    spec: { parallelism: 1, backoffLimit: 6, template: { spec: { containers: [] } }, ...spec },
    status,
  }
  return { job, pods: sketches.map(podOf), released: new Set(), backoff: noBackoff, nowMs }
}

const indexed = { completionMode: 'Indexed', completions: 3, parallelism: 3 }
const failedLongAgo = { phase: 'Failed', endedMs: nowMs - 600_000 }

const podRows: [title: string, view: JobView, want: { delete?: string[]; create?: unknown[]; waitMs?: number }][] = [
  ['creates up to the parallelism', view({ parallelism: 2, completions: 5 }, [{}]), { create: [undefined] }],
  [
    'creates no more than completions are missing',
    view({ parallelism: 5, completions: 2 }, [{ phase: 'Succeeded' }]),
    { create: [undefined] },
  ],
  ['creates none after a success without completions', view({ parallelism: 3 }, [{ phase: 'Succeeded' }, {}]), {}],
  ['gives up what exceeds the parallelism, pending first', view({}, [{}, { phase: 'Pending' }]), { delete: ['p1'] }],
  ['waits 10 s after a failure', view({ completions: 2 }, [{ phase: 'Failed' }]), { waitMs: 10_000 }],
  ['creates again when the wait is over', view({ completions: 2 }, [failedLongAgo]), { create: [undefined] }],
  ['replaces a terminating Pod at once', view({ completions: 1 }, [{ going: true, endedMs: 0 }]), { waitMs: 10_000 }],
  [
    'waits for a terminating Pod where only failed ones are replaced',
    view({ completions: 1, podReplacementPolicy: 'Failed' }, [{ going: true }]),
    {},
  ],
  ['removes all of a suspended Job', view({ suspend: true }, [{}]), { delete: ['p0'] }],
  ['fills the first free indexes', view(indexed, [{ index: 1 }]), { create: [0, 2] }],
  [
    'removes a second Pod of an index, and one whose index is too large',
    view(indexed, [{ index: 0 }, { index: 0, phase: 'Pending' }, { index: 7 }]),
    { delete: ['p1', 'p2'] },
  ],
]
for (const [title, given, want] of podRows) {
  test(`a Job ${title}`, () => {
    const plan = planJobPods(given, jobFacts(given))
    const { create, waitMs } = plan
    assert.deepEqual(
      { delete: plan.delete.map(({ metadata }) => metadata?.name), create, waitMs },
      { delete: want.delete ?? [], create: want.create ?? [], waitMs: want.waitMs },
    )
  })
}

const onFailure = { template: { spec: { restartPolicy: 'OnFailure', containers: [] } } }
const started = { startTime: time(nowMs - 60_000) }
const verdictRows: [title: string, view: JobView, reason: string | undefined][] = [
  ['goes on while nothing is decided', view({}, [{}]), undefined],
  ['fails past the backoff limit', view({ backoffLimit: 0 }, [{ phase: 'Failed' }]), 'BackoffLimitExceeded'],
  ['fails by restarts in place', view({ ...onFailure, backoffLimit: 2 }, [{ restarts: 2 }]), 'BackoffLimitExceeded'],
  ['fails past its deadline', view({ activeDeadlineSeconds: 60 }, [{}], started), 'DeadlineExceeded'],
  ['has no deadline while suspended', view({ activeDeadlineSeconds: 60, suspend: true }, [], started), undefined],
  [
    'fails past its failed indexes',
    view({ ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 0 }, [{ index: 0, phase: 'Failed' }]),
    'MaxFailedIndexesExceeded',
  ],
  [
    'keeps a success that was decided',
    view({ backoffLimit: 0 }, [{ phase: 'Failed' }], {
      conditions: [{ type: 'SuccessCriteriaMet', status: 'True', reason: 'SuccessPolicy', message: '' }],
    }),
    'SuccessPolicy',
  ],
  [
    'succeeds by count',
    view({ ...indexed, successPolicy: { rules: [{ succeededCount: 1 }] } }, [{ index: 2, phase: 'Succeeded' }]),
    'SuccessPolicy',
  ],
]
for (const [title, given, reason] of verdictRows) {
  test(`a Job ${title}`, () => assert.equal(judgeJob(given, jobFacts(given))?.reason, reason))
}

test('ended Pods are noted by uid before their finalizer goes, and no Pod twice', () => {
  const status: JobStatus = { failed: 1, uncountedTerminatedPods: { failed: ['u1'], succeeded: ['gone'] } }
  const given = view({ completions: 5 }, [{ phase: 'Succeeded' }, { phase: 'Failed' }, {}], status)
  const tracking = planTracking(given, jobFacts(given), undefined)
  assert.deepEqual(tracking.status, {
    failed: 1,
    succeeded: 1,
    uncountedTerminatedPods: { succeeded: ['u0'], failed: ['u1'] },
  })
  assert.deepEqual(
    tracking.release.map(({ metadata }) => metadata?.uid),
    ['u0', 'u1'],
  )
})

const indexRows: [text: string, completions: number, want: string][] = [
  ['1,3-5,7', 10, '1,3-5,7'],
  ['0,1,2', 10, '0-2'],
  ['4,5', 10, '4,5'],
  ['2-8', 5, '2-4'],
  ['x,3', 10, '3'],
  ['', 10, ''],
]
for (const [text, completions, want] of indexRows) {
  test(`indexes "${text}" below ${completions} are written "${want}"`, () =>
    assert.equal(formatIndexes(parseIndexes(text, completions)), want))
}

test('free indexes are those that no interval covers', () => {
  assert.deepEqual(firstFreeIndexes(parseIndexes('1,3-5', 10), 3, 8), [0, 2, 6])
})

test('the backoff doubles with each failure, ends at 10 minutes, and a success ends it', () => {
  const left = (failures: number) => backoffLeftMs({ failures, lastFailureMs: nowMs }, nowMs)
  assert.deepEqual([0, 1, 2, 3, 20].map(left), [0, 10_000, 20_000, 40_000, 600_000])
  const failed = [podOf({ phase: 'Failed', endedMs: nowMs - 5000 }, 0)]
  const succeeded = [podOf({ phase: 'Succeeded' }, 1)]
  assert.equal(nextBackoff({ failures: 2, lastFailureMs: 0 }, [], failed).failures, 3)
  assert.deepEqual(nextBackoff({ failures: 2, lastFailureMs: 0 }, succeeded, failed), noBackoff)
})
