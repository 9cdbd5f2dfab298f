import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EphemeralContainer, Pod, PodSpec } from '../types/core/v1.ts'
import { validateEphemeralContainersUpdate, validatePod, validatePodUpdate } from './pod.ts'

const container = { name: 'c', image: 'i', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }

/** A Pod as it is after defaults. */
function podWith(spec: Partial<PodSpec>, annotations: Record<string, string> = {}): Pod {
  const defaults = { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 }
  return { metadata: { name: 'p', annotations }, spec: { containers: [container], ...defaults, ...spec } }
}

const debugging = (more: object): EphemeralContainer[] => [{ ...container, name: 'debug', ...more }]

const newPods: { title: string; pod: Pod; wrong: string[] }[] = [
  { title: 'a plain one', pod: podWith({}), wrong: [] },
  {
    title: 'containers for debugging from the start',
    pod: podWith({ ephemeralContainers: debugging({}) }),
    wrong: ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
  },
  {
    title: 'a variable from a file of no volume',
    pod: podWith({
      containers: [
        { ...container, env: [{ name: 'A', valueFrom: { fileKeyRef: { key: 'k', path: 'p', volumeName: 'v' } } }] },
      ],
    }),
    wrong: ['spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"'],
  },
  {
    title: 'a mirror of nothing, with profiles nobody knows',
    pod: podWith(
      {},
      {
        'kubernetes.io/config.mirror': 'x',
        'seccomp.security.alpha.kubernetes.io/pod': 'y',
        'container.apparmor.security.beta.kubernetes.io/other': 'z',
        'controller.kubernetes.io/pod-deletion-cost': '+1',
      },
    ),
    wrong: [
      'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
      'metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "y": must be a valid seccomp profile',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/other]: Invalid value: "other": container not found',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/other]: Invalid value: "z": invalid AppArmor profile name: "z"',
    ],
  },
  {
    title: 'a profile that annotation and field call differently',
    pod: podWith(
      { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' },
    ),
    wrong: ['spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match'],
  },
  {
    title: 'one process of the host among others, off its network',
    pod: podWith({
      containers: [
        { ...container, securityContext: { windowsOptions: { hostProcess: true } } },
        { ...container, name: 'other' },
      ],
    }),
    wrong: [
      'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
      'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ],
  },
  {
    title: 'users of its own beside the namespaces of the host',
    pod: podWith({ hostUsers: false, hostPID: true }),
    wrong: ['spec.HostPID: Forbidden: when `hostUsers` is false'],
  },
  {
    title: 'users of Windows by two many names',
    pod: podWith({ securityContext: { windowsOptions: { runAsUserName: 'a\\b\\c', gmsaCredentialSpec: '' } } }),
    wrong: [
      'spec.securityContext.windowsOptions.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string',
      'spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash',
    ],
  },
  {
    title: 'Linux features on Windows',
    pod: podWith({ os: { name: 'windows' }, hostPID: true, securityContext: { fsGroup: 1 } }),
    wrong: [
      'spec.hostPID: Forbidden: cannot be set for a windows pod',
      'spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod',
    ],
  },
]

const said = (errors: readonly { field: string; detail: string }[]) =>
  errors.map(({ field, detail }) => `${field}: ${detail}`)

for (const { title, pod, wrong } of newPods) {
  test(`a new Pod: ${title}`, () => assert.deepEqual(said(validatePod(pod)), wrong))
}

const ephemeral: { title: string; added: EphemeralContainer[]; wrong: string[] }[] = [
  { title: 'one that looks at another', added: debugging({ targetContainerName: 'c' }), wrong: [] },
  {
    title: 'one that serves, mounts a part and looks at nobody',
    added: debugging({
      ports: [{ containerPort: 80, protocol: 'TCP' }],
      lifecycle: {},
      targetContainerName: 'x',
      volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 's' }],
    }),
    wrong: [
      'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[0].volumeMounts[0].subPath: Forbidden: cannot be set for an Ephemeral Container',
    ],
  },
  {
    title: 'one with the name of another',
    added: debugging({ name: 'c', image: ' i' }),
    wrong: [
      'spec.ephemeralContainers[0].image: Invalid value: " i": must not have leading or trailing whitespace',
      'spec.ephemeralContainers[0].name: Duplicate value: "c"',
    ],
  },
]

const volumes = [{ name: 'v', emptyDir: {} }]

for (const { title, added, wrong } of ephemeral) {
  test(`a container for debugging: ${title}`, () => {
    const errors = validateEphemeralContainersUpdate(
      podWith({ volumes, ephemeralContainers: added }),
      podWith({ volumes }),
    )
    assert.deepEqual(said(errors), wrong)
  })
}

test('a container for debugging stays', () => {
  const errors = validateEphemeralContainersUpdate(podWith({}), podWith({ ephemeralContainers: debugging({}) }))
  const wrong = ['spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n']
  assert.deepEqual(said(errors), wrong)
})

const gated = { schedulingGates: [{ name: 'g' }], nodeSelector: { a: 'b' } }
const selectorRule = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'

const updates: { title: string; now: Pod; old: Pod; wrong: string[] }[] = [
  {
    title: 'a gated one is told more',
    now: podWith({ ...gated, nodeSelector: { a: 'b', c: 'd' } }),
    old: podWith(gated),
    wrong: [],
  },
  {
    title: 'a gated one is told otherwise',
    now: podWith({ ...gated, nodeSelector: { a: 'x' } }),
    old: podWith(gated),
    wrong: [`spec.nodeSelector: Invalid value: {"a":"x"}: ${selectorRule}`],
  },
  {
    title: 'an annotation with a profile goes',
    now: podWith({}),
    old: podWith({}, { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' }),
    wrong: [
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: Forbidden: may not remove or update AppArmor annotations',
    ],
  },
]

for (const { title, now, old, wrong } of updates) {
  test(`a Pod changes: ${title}`, () => assert.deepEqual(said(validatePodUpdate(now, old)), wrong))
}
