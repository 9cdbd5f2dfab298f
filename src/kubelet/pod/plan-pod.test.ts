import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, PodSpec } from '../../api/types/core/v1.ts'
import { planPod } from './plan-pod.ts'
import type { ReadonlyPod } from './pod.ts'
import type { PodView } from './pod-action.ts'
import { type ContainerRuntime, containerHashAnnotation, type SandboxRuntime } from './runtime-state.ts'

const sandbox: SandboxRuntime = {
  id: 's1',
  attempt: 0,
  ready: true,
  createdAtMs: 0,
  hostNetwork: false,
  ips: ['10.0.0.1'],
}

function run(name: string, part: Partial<ContainerRuntime> = {}): ContainerRuntime {
  return {
    id: `${name}-id`,
    name,
    sandboxId: 's1',
    state: 'running',
    createdAtMs: 0,
    startedAtMs: 1,
    finishedAtMs: 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: '',
    imageId: '',
    logPath: '',
    annotations: { [containerHashAnnotation]: 'hash' },
    user: undefined,
    ...part,
  }
}

const exited = (name: string, exitCode: number) => run(name, { state: 'exited', exitCode })
const container = (name: string, part: Partial<Container> = {}): Container => ({ name, ...part })
const sidecar = (name: string, part: Partial<Container> = {}) => container(name, { restartPolicy: 'Always', ...part })

interface Row {
  title: string
  spec?: Partial<PodSpec>
  sandboxes?: SandboxRuntime[]
  containers?: ContainerRuntime[]
  liveness?: [string, boolean][]
  startup?: [string, boolean][]
  want: string[]
}

const rows: Row[] = [
  { title: 'without a sandbox gets one', sandboxes: [], want: ['createSandbox 0'] },
  { title: 'with a sandbox starts its containers in order', want: ['start a', 'start b'] },
  { title: 'that runs is left alone', containers: [run('a'), run('b')], want: [] },
  {
    title: 'whose sandbox died is killed and gets the next one',
    sandboxes: [{ ...sandbox, ready: false, attempt: 3 }],
    containers: [run('a')],
    want: ['killPod', 'createSandbox 4'],
  },
  {
    title: 'with two ready sandboxes is made anew',
    sandboxes: [sandbox, { ...sandbox, id: 's0' }],
    want: ['killPod', 'createSandbox 1'],
  },
  {
    title: 'whose sandbox has no address is made anew',
    sandboxes: [{ ...sandbox, ips: [] }],
    want: ['killPod', 'createSandbox 1'],
  },
  {
    title: 'that never restarts gets no second sandbox once it has run',
    spec: { restartPolicy: 'Never' },
    sandboxes: [{ ...sandbox, ready: false }],
    containers: [exited('a', 1), exited('b', 0)],
    want: ['killPod'],
  },
  {
    title: 'on failure only starts what has not succeeded',
    spec: { restartPolicy: 'OnFailure' },
    containers: [exited('a', 0), exited('b', 1)],
    want: ['start b'],
  },
  {
    title: 'that is done is stopped',
    spec: { restartPolicy: 'OnFailure' },
    containers: [exited('a', 0), exited('b', 0)],
    want: ['killPod'],
  },
  {
    title: 'restarts a container that its liveness probe condemns',
    containers: [run('a'), run('b')],
    liveness: [['a-id', false]],
    want: ['kill a: Container a failed liveness probe, will be restarted', 'start a'],
  },
  {
    title: 'that never restarts only kills a container that its startup probe condemns',
    spec: { restartPolicy: 'Never' },
    containers: [run('a'), run('b')],
    startup: [['a-id', false]],
    want: ['kill a: Container a failed startup probe'],
  },
  {
    title: 'replaces a container whose image has changed, whatever the policy',
    spec: { restartPolicy: 'Never' },
    containers: [run('a', { annotations: { [containerHashAnnotation]: 'old' } }), run('b')],
    want: ['kill a: Container a definition changed, will be restarted', 'start a'],
  },
  {
    title: 'kills a container in an unknown state before it starts it again',
    containers: [run('a', { state: 'unknown' }), run('b')],
    want: ['kill a: Container is in "unknown" state, try killing it before restart', 'start a'],
  },
  {
    title: 'starts the first init container alone',
    spec: { initContainers: [container('i1'), container('i2')] },
    want: ['start i1'],
  },
  {
    title: 'waits for a running init container',
    spec: { initContainers: [container('i1'), container('i2')] },
    containers: [run('i1')],
    want: [],
  },
  {
    title: 'goes on to the next init container',
    spec: { initContainers: [container('i1'), container('i2')] },
    containers: [exited('i1', 0)],
    want: ['start i2'],
  },
  {
    title: 'trusts the last init container when earlier ones are collected',
    spec: { initContainers: [container('i1'), container('i2')] },
    containers: [exited('i2', 0)],
    want: ['start a', 'start b'],
  },
  {
    title: 'restarts a failed init container',
    spec: { initContainers: [container('i1')] },
    containers: [exited('i1', 1)],
    want: ['start i1'],
  },
  {
    title: 'is over when an init container fails for good',
    spec: { restartPolicy: 'Never', initContainers: [container('i1')] },
    containers: [exited('i1', 1)],
    want: ['killPod'],
  },
  {
    title: 'goes on as soon as a sidecar without startup probe runs',
    spec: { initContainers: [sidecar('s'), container('i')] },
    containers: [run('s')],
    want: ['start i'],
  },
  {
    title: 'waits for the startup probe of a sidecar',
    spec: { initContainers: [sidecar('s', { startupProbe: {} }), container('i')] },
    containers: [run('s')],
    want: [],
  },
  {
    title: 'restarts a sidecar that ended, beside what runs',
    spec: { initContainers: [sidecar('s')] },
    containers: [exited('s', 0), run('a'), run('b')],
    want: ['start s'],
  },
  {
    title: 'does not keep its sidecar alive when all else is done',
    spec: { restartPolicy: 'Never', initContainers: [sidecar('s')] },
    containers: [run('s'), exited('a', 0), exited('b', 0)],
    want: ['killPod'],
  },
  {
    title: 'starts an ephemeral container once',
    spec: { ephemeralContainers: [{ name: 'e1' }, { name: 'e2' }] },
    containers: [exited('e1', 1), run('a'), run('b')],
    want: ['start e2'],
  },
]

for (const row of rows) {
  test(`a pod ${row.title}`, () => {
    const spec: PodSpec = { restartPolicy: 'Always', containers: [container('a'), container('b')], ...row.spec }
    const pod: ReadonlyPod = { metadata: { name: 'p', namespace: 'd', uid: 'u' }, spec }
    const view: PodView = {
      pod,
      runtime: { sandboxes: row.sandboxes ?? [sandbox], containers: row.containers ?? [] },
      verdicts: { liveness: new Map(row.liveness), startup: new Map(row.startup) },
      hashOf: () => 'hash',
    }
    const shown = planPod(view).map((action) => {
      if (action.type === 'createSandbox') return `createSandbox ${action.attempt}`
      if (action.type === 'startContainer') return `start ${action.name}`
      return action.type === 'killContainer' ? `kill ${action.name}: ${action.message}` : action.type
    })
    assert.deepEqual(shown, row.want)
  })
}
