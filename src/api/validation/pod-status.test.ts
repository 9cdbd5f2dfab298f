import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodStatus } from '../types/core/v1.ts'
import { validatePodStatusUpdate } from './pod-status.ts'

const spec = { restartPolicy: 'Never', containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] }
const ended = {
  name: 'c',
  ready: false,
  restartCount: 0,
  image: '',
  imageID: '',
  state: { terminated: { exitCode: 0 } },
}
const running = { ...ended, state: { running: {} } }

const rows: { title: string; status: PodStatus; before?: PodStatus; wrong: string[] }[] = [
  { title: 'nothing at all', status: {}, wrong: [] },
  {
    title: 'a condition of no form',
    status: { conditions: [{ type: 'a b', status: 'True', observedGeneration: -1 }] },
    wrong: [
      'status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer',
      "status.conditions[0].Type: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  },
  {
    title: 'a container that lives again',
    status: { containerStatuses: [running] },
    before: { containerStatuses: [ended] },
    wrong: ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'],
  },
  {
    title: 'another quality of service',
    status: { qosClass: 'Guaranteed' },
    before: { qosClass: 'Burstable' },
    wrong: ['status.qosClass: Invalid value: "Guaranteed": field is immutable'],
  },
  {
    title: 'a claim that the Pod has not',
    status: { resourceClaimStatuses: [{ name: 'x' }] },
    wrong: [
      'status.resourceClaimStatuses[0].name: Invalid value: "x": must match the name of an entry in `spec.resourceClaims`',
    ],
  },
  {
    title: 'two addresses of a family, and of a host another than its first',
    status: { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], hostIP: '10.1.0.1', hostIPs: [{ ip: '10.1.0.2' }] },
    wrong: [
      'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.2"}]: may specify no more than one IP for each IP family',
      'status.hostIPs[0].ip: Invalid value: "10.1.0.2": must be equal to `hostIP`',
    ],
  },
  {
    title: 'devices that no container asked for, in no known health',
    status: {
      containerStatuses: [
        {
          ...running,
          allocatedResourcesStatus: [{ name: 'x.com/y', resources: [{ resourceID: '1', health: 'Fine' }] }],
        },
      ],
    },
    wrong: [
      'status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "x.com/y": must match one of the container\'s resource requests',
      'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "Fine": supported values: "Healthy", "Unhealthy", "Unknown"',
    ],
  },
]

for (const { title, status, before = {}, wrong } of rows) {
  test(`the status of a Pod: ${title}`, () => {
    const metadata = { name: 'p' }
    const errors = validatePodStatusUpdate({ metadata, spec, status } as Pod, { metadata, spec, status: before } as Pod)
    assert.deepEqual(
      errors.map(({ field, detail }) => `${field}: ${detail}`),
      wrong,
    )
  })
}
