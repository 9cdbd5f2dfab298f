import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodStatus } from '../../../api/types/core/v1.ts'
import type { ContainerRuntime, PodRuntime, SandboxRuntime } from '../runtime-state.ts'
import type { WaitingReason } from './container-statuses.ts'
import { type PodStatusView, podStatus } from './pod-status.ts'

const sandbox: SandboxRuntime = {
  id: 's',
  attempt: 0,
  ready: true,
  createdAtMs: 0,
  hostNetwork: false,
  ips: ['10.0.0.7'],
}

const run = (part: Partial<ContainerRuntime>): ContainerRuntime => ({
  id: 'new',
  name: 'c',
  sandboxId: 's',
  state: 'running',
  createdAtMs: 0,
  startedAtMs: 1_000,
  finishedAtMs: 2_000,
  exitCode: 0,
  reason: '',
  message: '',
  image: 'i',
  imageId: 'sha256:i',
  logPath: '',
  annotations: {},
  user: undefined,
  ...part,
})

const pod: Pod = { metadata: { generation: 3 }, spec: { containers: [{ name: 'c', image: 'i' }] } }

function statusOf(part: Partial<PodStatusView> & { runtime: PodRuntime }): PodStatus {
  return podStatus({
    pod,
    previous: {},
    waiting: new Map<string, WaitingReason>(),
    probes: { started: () => true, ready: () => true },
    hostIps: ['192.0.2.1'],
    terminal: false,
    nowMs: 60_000,
    ...part,
  })
}

const conditions = ({ conditions: list = [] }: PodStatus) =>
  Object.fromEntries(list.map(({ type, status, reason }) => [type, reason ? `${status} ${reason}` : status]))

test('a pod without sandbox is being created', () => {
  const status = statusOf({ runtime: { sandboxes: [], containers: [] } })
  assert.equal(status.phase, 'Pending')
  assert.deepEqual(status.containerStatuses?.[0]?.state, { waiting: { reason: 'ContainerCreating' } })
  assert.equal(status.startTime, '1970-01-01T00:01:00Z')
  assert.equal(status.observedGeneration, 3)
  assert.deepEqual(conditions(status), {
    PodReadyToStartContainers: 'False',
    Initialized: 'True',
    Ready: 'False ContainersNotReady',
    ContainersReady: 'False ContainersNotReady',
    PodScheduled: 'True',
  })
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  assert.equal(ready?.message, 'containers with unready status: [c]')
})

test('a running pod is ready and has its addresses', () => {
  const status = statusOf({ runtime: { sandboxes: [sandbox], containers: [run({})] } })
  assert.deepEqual([status.phase, status.podIP, status.hostIP], ['Running', '10.0.0.7', '192.0.2.1'])
  assert.deepEqual(Object.values(conditions(status)), ['True', 'True', 'True', 'True', 'True'])
  assert.equal(status.containerStatuses?.[0]?.containerID, 'containerd://new')
})

test('a transition time stays for as long as the status does', () => {
  const runtime = { sandboxes: [sandbox], containers: [run({})] }
  const first = statusOf({ runtime })
  const second = statusOf({ runtime, previous: first, nowMs: 120_000 })
  assert.deepEqual(second, first)
  const unready = statusOf({
    runtime,
    previous: first,
    nowMs: 120_000,
    probes: { started: () => true, ready: () => false },
  })
  const times = unready.conditions?.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])
  assert.deepEqual(Object.fromEntries(times ?? []), {
    PodReadyToStartContainers: '1970-01-01T00:01:00Z',
    Initialized: '1970-01-01T00:01:00Z',
    Ready: '1970-01-01T00:02:00Z',
    ContainersReady: '1970-01-01T00:02:00Z',
    PodScheduled: '1970-01-01T00:01:00Z',
  })
})

test('a container in back-off waits, and its end is its last state', () => {
  const ended = run({ state: 'exited', exitCode: 1, reason: 'Error' })
  const waiting = new Map([['c', { reason: 'CrashLoopBackOff', message: 'back-off 10s' }]])
  const [status] = statusOf({ runtime: { sandboxes: [sandbox], containers: [ended] }, waiting }).containerStatuses ?? []
  assert.deepEqual(status?.state, { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } })
  assert.equal(status?.lastState?.terminated?.exitCode, 1)
})

test('a container that vanished from the runtime is told as lost', () => {
  const previous = statusOf({ runtime: { sandboxes: [sandbox], containers: [run({})] } })
  const [status] = statusOf({ runtime: { sandboxes: [sandbox], containers: [] }, previous }).containerStatuses ?? []
  assert.equal(status?.restartCount, 1)
  assert.deepEqual(
    [status?.lastState?.terminated?.reason, status?.lastState?.terminated?.exitCode],
    ['ContainerStatusUnknown', 137],
  )
})

test('readiness gates of others hold the pod back, and their conditions are kept', () => {
  const gate = { type: 'example.org/gate', status: 'False' }
  const gated: Pod = {
    ...pod,
    spec: { containers: [{ name: 'c' }], readinessGates: [{ conditionType: gate.type }] },
    status: { conditions: [gate] },
  }
  const status = statusOf({ pod: gated, runtime: { sandboxes: [sandbox], containers: [run({})] } })
  const ready = status.conditions?.find(({ type }) => type === 'Ready')
  assert.equal(ready?.reason, 'ReadinessGatesNotReady')
  assert.equal(ready?.message, 'the status of pod readiness gate "example.org/gate" is not "True", but False')
  assert.deepEqual(status.conditions?.[0], gate)
})

test('a refused pod says why, and an ended pod never comes back', () => {
  const failure = { reason: 'OutOfcpu', message: 'Pod was rejected: …' }
  const refused = statusOf({ runtime: { sandboxes: [], containers: [] }, failure })
  assert.deepEqual([refused.phase, refused.reason, refused.message], ['Failed', 'OutOfcpu', 'Pod was rejected: …'])
  const later = statusOf({ runtime: { sandboxes: [sandbox], containers: [run({})] }, previous: refused })
  assert.deepEqual([later.phase, later.reason], ['Failed', 'OutOfcpu'])
})
