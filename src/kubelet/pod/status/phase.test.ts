import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, ContainerState, ContainerStatus } from '../../../api/types/core/v1.ts'
import { podPhase } from './phase.ts'

const running: ContainerState = { running: {} }
const waiting: ContainerState = { waiting: {} }
const ended = (exitCode: number): ContainerState => ({ terminated: { exitCode } })

interface Row {
  title: string
  policy?: string
  init?: [Partial<Container>, ContainerState | undefined][]
  main: (ContainerState | undefined)[]
  last?: ContainerState
  terminal?: boolean
  initialized?: boolean
  want: string
}

const rows: Row[] = [
  { title: 'with nothing known', main: [undefined], want: 'Pending' },
  { title: 'with a container being created', main: [waiting], want: 'Pending' },
  { title: 'with one running and one being created', main: [running, waiting], want: 'Pending' },
  { title: 'with all running', main: [running, running], want: 'Running' },
  { title: 'with one running and one ended', main: [running, ended(0)], want: 'Running' },
  { title: 'with all succeeded', policy: 'Never', main: [ended(0), ended(0)], want: 'Succeeded' },
  { title: 'with one failed', policy: 'Never', main: [ended(0), ended(1)], want: 'Failed' },
  { title: 'that restarts always, ended', main: [ended(0)], want: 'Running' },
  { title: 'in back-off', main: [waiting], last: ended(1), want: 'Running' },
  { title: 'on failure, failed', policy: 'OnFailure', main: [ended(1)], want: 'Running' },
  { title: 'on failure, succeeded', policy: 'OnFailure', main: [ended(0)], want: 'Succeeded' },
  { title: 'deleted, all ended with 0', main: [ended(0)], terminal: true, want: 'Succeeded' },
  { title: 'deleted, one killed', main: [ended(0), ended(137)], terminal: true, want: 'Failed' },
  { title: 'with an init container running', init: [[{}, running]], main: [waiting], want: 'Pending' },
  {
    title: 'with an init container failed for good',
    policy: 'Never',
    init: [[{}, ended(1)]],
    main: [waiting],
    want: 'Failed',
  },
  { title: 'with an init container to restart', init: [[{}, ended(1)]], main: [waiting], want: 'Pending' },
  {
    title: 'with a sidecar that restarts after the start of the rest',
    init: [[{ restartPolicy: 'Always' }, ended(1)]],
    main: [running],
    initialized: true,
    want: 'Running',
  },
]

for (const { title, policy = 'Always', init = [], main, last, terminal = false, initialized = false, want } of rows) {
  test(`a pod ${title} is ${want}`, () => {
    const status = (name: string, state: ContainerState | undefined): ContainerStatus[] =>
      state
        ? [{ name, state, ...(last ? { lastState: last } : {}), ready: false, restartCount: 0, image: '', imageID: '' }]
        : []
    const spec = {
      restartPolicy: policy,
      initContainers: init.map(([part], index) => ({ name: `i${index}`, ...part })),
      containers: main.map((_, index) => ({ name: `c${index}` })),
    }
    const statuses = [
      ...init.flatMap(([, state], index) => status(`i${index}`, state)),
      ...main.flatMap((state, index) => status(`c${index}`, state)),
    ]
    assert.equal(podPhase({ pod: { spec }, statuses, terminal, initialized }), want)
  })
}
