import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Deployment, ReplicaSet } from '../../api/types/apps/v1.ts'
import { planDeployment } from './plan-deployment.ts'
import type { DeploymentAction } from './rollout.ts'

const nowMs = Date.UTC(2026, 0, 1)

function deployment(replicas: number, extra: Partial<NonNullable<Deployment['spec']>> = {}): Deployment {
  return {
    metadata: { name: 'web', namespace: 'ns', uid: 'd', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'new' }] } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      ...extra,
    },
  }
}

interface Sketch {
  name: string
  image: string
  replicas: number
  available?: number
  desired?: number
  max?: number
  revision?: number
}

function replicaSet({ name, image, replicas, available = replicas, desired, max, revision = 1 }: Sketch): ReplicaSet {
  return {
    metadata: {
      name,
      namespace: 'ns',
      uid: name,
      generation: 1,
      creationTimestamp: new Date(nowMs - 1000 * (100 - revision)).toISOString(),
      annotations: {
        'deployment.kubernetes.io/revision': String(revision),
        ...(desired === undefined ? {} : { 'deployment.kubernetes.io/desired-replicas': String(desired) }),
        ...(max === undefined ? {} : { 'deployment.kubernetes.io/max-replicas': String(max) }),
      },
    },
    spec: {
      replicas,
      minReadySeconds: 0,
      selector: {},
      template: {
        metadata: { labels: { app: 'web', 'pod-template-hash': name } },
        spec: { containers: [{ name: 'c', image }] },
      },
    },
    status: {
      replicas,
      readyReplicas: available,
      availableReplicas: available,
      observedGeneration: 1,
      terminatingReplicas: 0,
    },
  }
}

/** What is done to ReplicaSets, in words. */
function changes(actions: readonly DeploymentAction[], before: readonly ReplicaSet[]): string[] {
  return actions.flatMap((action) => {
    if (action.type === 'createReplicaSet') return [`create ${action.replicaSet.spec?.replicas}`]
    if (action.type === 'deleteReplicaSet') return [`delete ${action.name}`]
    if (action.type !== 'updateReplicaSet') return []
    const { metadata, spec } = action.replicaSet
    const old = before.find((candidate) => candidate.metadata?.name === metadata?.name)
    return old?.spec?.replicas === spec?.replicas ? [] : [`${metadata?.name} ${old?.spec?.replicas}→${spec?.replicas}`]
  })
}

interface Row {
  title: string
  have: Deployment
  replicaSets: Sketch[]
  want: string[]
}

const recreate = { strategy: { type: 'Recreate' } }
const surgeOnly = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } } }

const rows: Row[] = [
  { title: 'the first ReplicaSet is made at full size', have: deployment(4), replicaSets: [], want: ['create 4'] },
  {
    title: 'a new template begins with the surge only, and takes down what may be missing',
    have: deployment(4),
    replicaSets: [{ name: 'old', image: 'old', replicas: 4 }],
    want: ['create 1', 'old 4→3'],
  },
  {
    title: 'an update that may not lose a Pod only grows at first',
    have: deployment(4, surgeOnly),
    replicaSets: [{ name: 'old', image: 'old', replicas: 4 }],
    want: ['create 2'],
  },
  {
    title: 'the newest grows before old ones shrink',
    have: deployment(4),
    replicaSets: [
      { name: 'old', image: 'old', replicas: 2 },
      { name: 'new', image: 'new', replicas: 1, revision: 2 },
    ],
    want: ['new 1→3'],
  },
  {
    title: 'old ones wait while the new Pods are not available',
    have: deployment(4),
    replicaSets: [
      { name: 'old', image: 'old', replicas: 3 },
      { name: 'new', image: 'new', replicas: 2, available: 0, revision: 2 },
    ],
    want: [],
  },
  {
    title: 'unhealthy old Pods go first',
    have: deployment(4),
    replicaSets: [
      { name: 'older', image: 'older', replicas: 2, available: 2, revision: 1 },
      { name: 'old', image: 'old', replicas: 2, available: 0, revision: 2 },
      { name: 'new', image: 'new', replicas: 1, available: 1, revision: 3 },
    ],
    want: ['old 2→0'],
  },
  {
    title: 'a new size goes to the only active ReplicaSet at once',
    have: deployment(10),
    replicaSets: [{ name: 'new', image: 'new', replicas: 3, desired: 3, max: 4 }],
    want: ['new 3→10'],
  },
  {
    title: 'in the middle of a rollout each gets its share of a new size, the rest goes to the largest',
    have: deployment(15, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
    replicaSets: [
      { name: 'old', image: 'old', replicas: 8, desired: 10, max: 13 },
      { name: 'new', image: 'new', replicas: 5, available: 2, desired: 10, max: 13, revision: 2 },
    ],
    want: ['old 8→11', 'new 5→7'],
  },
  {
    title: 'a paused Deployment makes no ReplicaSet but follows its size',
    have: deployment(2, { paused: true }),
    replicaSets: [{ name: 'old', image: 'old', replicas: 1 }],
    want: ['old 1→2'],
  },
  {
    title: 'Recreate first stops all old Pods',
    have: deployment(3, recreate),
    replicaSets: [{ name: 'old', image: 'old', replicas: 3 }],
    want: ['old 3→0'],
  },
  {
    title: 'Recreate starts when none is left',
    have: deployment(3, recreate),
    replicaSets: [{ name: 'old', image: 'old', replicas: 0 }],
    want: ['create 3'],
  },
  {
    title: 'empty ReplicaSets past the history limit are deleted, lowest revision first',
    have: {
      ...deployment(1, { revisionHistoryLimit: 1 }),
      status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1, observedGeneration: 1 },
    },
    replicaSets: [
      { name: 'r2', image: 'b', replicas: 0, revision: 2 },
      { name: 'r1', image: 'a', replicas: 0, revision: 1 },
      { name: 'r3', image: 'new', replicas: 1, revision: 3 },
    ],
    want: ['delete r1'],
  },
]
for (const { title, have, replicaSets, want } of rows) {
  test(title, () => {
    const before = replicaSets.map(replicaSet)
    const { actions } = planDeployment({ deployment: have, replicaSets: before, pods: new Map(), nowMs })
    assert.deepEqual(changes(actions, before), want)
  })
}

test('a rollback takes the template of the revision asked for and clears the request', () => {
  const have = deployment(1)
  have.metadata!.annotations = { 'deprecated.deployment.rollback.to': '1' }
  const replicaSets = [
    replicaSet({ name: 'r1', image: 'first', replicas: 0, revision: 1 }),
    replicaSet({ name: 'r2', image: 'new', replicas: 1, revision: 2 }),
  ]
  const { actions } = planDeployment({ deployment: have, replicaSets, pods: new Map(), nowMs })
  const update = actions.find((action) => action.type === 'updateDeployment')
  assert.equal(update?.deployment.spec?.template?.spec?.containers[0]?.image, 'first')
  assert.deepEqual(update?.deployment.spec?.template?.metadata?.labels, { app: 'web' })
  assert.equal(update?.event?.message, 'Rolled back deployment "web" to revision 1')
  assert.equal(update?.deployment.metadata?.annotations?.['deprecated.deployment.rollback.to'], undefined)
})

test('revisions have 64 bits', () => {
  const old = replicaSet({ name: 'old', image: 'old', replicas: 1 })
  old.metadata!.annotations!['deployment.kubernetes.io/revision'] = '3546343826724305832'
  const { actions } = planDeployment({ deployment: deployment(1), replicaSets: [old], pods: new Map(), nowMs })
  const created = actions.find((action) => action.type === 'createReplicaSet')?.replicaSet
  assert.equal(created?.metadata?.annotations?.['deployment.kubernetes.io/revision'], '3546343826724305833')
})

test('planning changes nothing of what it is given, and a settled state asks for nothing', () => {
  const have = deployment(2)
  const first = planDeployment({ deployment: have, replicaSets: [], pods: new Map(), nowMs })
  const create = first.actions.find((action) => action.type === 'createReplicaSet')
  const settled: ReplicaSet = {
    ...structuredClone(create!.replicaSet),
    status: { replicas: 2, readyReplicas: 2, availableReplicas: 2, observedGeneration: 1, terminatingReplicas: 0 },
  }
  const view = { replicaSets: [settled], pods: new Map(), nowMs }
  const second = planDeployment({ deployment: have, ...view })
  const status = second.actions.find((action) => action.type === 'updateStatus')
  const frozen = JSON.stringify([have, settled])
  assert.deepEqual(planDeployment({ deployment: status!.deployment, ...view }).actions, [])
  assert.equal(JSON.stringify([have, settled]), frozen)
})
