import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deadWeight } from './collect.ts'
import { nodeAdmission } from './node-admission.ts'
import { restartsAfterExit } from './restart-policy.ts'
import type { ContainerRuntime, SandboxRuntime } from './runtime-state.ts'
import { logTail } from './termination-message.ts'

test('log tail takes off time, stream and tag, and joins split lines', () => {
  const text =
    'cut off\n2026-01-01T00:00:00Z stderr P half \n2026-01-01T00:00:00Z stderr F line\n2026-01-01T00:00:00Z stdout F end\n'
  assert.equal(logTail(text), 'half line\nend\n')
})

const restarts = [
  { title: 'always', container: {}, policy: 'Always', exitCode: 0, want: true },
  { title: 'on failure, succeeded', container: {}, policy: 'OnFailure', exitCode: 0, want: false },
  { title: 'on failure, failed', container: {}, policy: 'OnFailure', exitCode: 2, want: true },
  { title: 'never', container: {}, policy: 'Never', exitCode: 2, want: false },
  { title: 'by its own policy', container: { restartPolicy: 'Never' }, policy: 'Always', exitCode: 2, want: false },
  {
    title: 'by a rule for its exit code',
    container: {
      restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
    },
    policy: 'Never',
    exitCode: 42,
    want: true,
  },
]
for (const { title, container, policy, exitCode, want } of restarts) {
  test(`restart ${title}: ${want}`, () => {
    assert.equal(
      restartsAfterExit({ name: 'c', ...container }, { restartPolicy: policy, containers: [] }, exitCode),
      want,
    )
  })
}

test('the newest two runs of a container are kept, and sandboxes that still hold one', () => {
  const run = (id: string, sandboxId: string) => ({ id, name: 'c', sandboxId, state: 'exited' }) as ContainerRuntime
  const sandbox = (id: string, ready: boolean) => ({ id, ready }) as SandboxRuntime
  const dead = deadWeight({
    sandboxes: [sandbox('s3', true), sandbox('s2', false), sandbox('s1', false)],
    containers: [run('c3', 's3'), run('c2', 's2'), run('c1', 's1')],
  })
  assert.deepEqual(
    dead.containers.map(({ id }) => id),
    ['c1'],
  )
  assert.deepEqual(
    dead.sandboxes.map(({ id }) => id),
    ['s1'],
  )
})

const asking = (cpu: string) => ({ spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } })
const listening = (hostPort: number, hostIP?: string, protocol?: string) => ({
  spec: {
    containers: [
      { name: 'c', ports: [{ containerPort: 1, hostPort, ...(hostIP && { hostIP }), ...(protocol && { protocol }) }] },
    ],
  },
})
const portsTaken = {
  reason: 'NodePorts',
  message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
}
const admissions = [
  { title: 'a host port is taken', pod: listening(80), present: [listening(80)], want: portsTaken },
  { title: 'it is taken at one address', pod: listening(80), present: [listening(80, '10.0.0.1')], want: portsTaken },
  {
    title: 'it is taken at another',
    pod: listening(80, '10.0.0.2'),
    present: [listening(80, '10.0.0.1')],
    want: undefined,
  },
  { title: 'it is taken by UDP', pod: listening(80), present: [listening(80, '', 'UDP')], want: undefined },
  { title: 'room is there', pod: asking('500m'), present: [asking('500m')], want: undefined },
  {
    title: 'CPU is short',
    pod: asking('600m'),
    present: [asking('500m')],
    want: {
      reason: 'OutOfcpu',
      message: "Node didn't have enough resource: cpu, requested: 600, used: 500, capacity: 1000",
    },
  },
  {
    title: 'there are too many pods',
    pod: asking('0'),
    present: [asking('0'), asking('0')],
    want: {
      reason: 'OutOfpods',
      message: "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2",
    },
  },
]
for (const { title, pod, present, want } of admissions) {
  test(`node admission when ${title}`, () => {
    assert.deepEqual(nodeAdmission({ pod, present, allocatable: { cpu: '1', pods: '2' } }), want)
  })
}
