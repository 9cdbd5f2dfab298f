import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { Container, Pod, PodSpec } from '../../api/types/core/v1.ts'
import { pods, serviceAccounts } from '../../api/types/resources.ts'
import type { AdmissionAttributes } from './admission.ts'
import { serviceAccount } from './service-account.ts'

const namespace = 'shop'
const enforcing = { 'kubernetes.io/enforce-mountable-secrets': 'true' }
const reader = new FakeReader().put(
  serviceAccounts,
  { metadata: { name: 'default', namespace }, imagePullSecrets: [{ name: 'registry' }] },
  { metadata: { name: 'no-token', namespace }, automountServiceAccountToken: false },
  {
    metadata: { name: 'limited', namespace, annotations: enforcing },
    secrets: [{ name: 'own' }],
    imagePullSecrets: [{ name: 'registry' }],
  },
)

const plugin = (of = reader, sleep = async () => {}) =>
  serviceAccount({ reader: of, generateName: (base) => `${base}abcde`, random: () => 0, sleep })

const podWith = (spec: Partial<PodSpec> = {}, annotations?: Record<string, string>): Pod => ({
  metadata: { name: 'a', namespace, ...(annotations && { annotations }) },
  spec: { containers: [{ name: 'c' }], ...spec },
})
const admitted = async (pod: Pod) => {
  assert.equal(await refusal(plugin(), write(pods, { object: pod })), undefined)
  return pod.spec!
}

describe('ServiceAccount', () => {
  test('gives a Pod the default account, its token and its pull secrets', async () => {
    const spec = await admitted(podWith())
    assert.equal(spec.serviceAccountName, 'default')
    assert.equal(spec.serviceAccount, 'default')
    assert.deepEqual(spec.imagePullSecrets, [{ name: 'registry' }])
    assert.deepEqual(spec.containers[0]!.volumeMounts, [
      {
        name: 'kube-api-access-abcde',
        readOnly: true,
        mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
      },
    ])
    assert.equal(spec.volumes?.[0]?.projected?.sources?.length, 3)
  })

  test('keeps the pull secrets of a Pod', async () => {
    const spec = await admitted(podWith({ imagePullSecrets: [{ name: 'mine' }] }))
    assert.deepEqual(spec.imagePullSecrets, [{ name: 'mine' }])
  })

  test('mounts nothing where nobody wants a token', async () => {
    for (const wish of [{ automountServiceAccountToken: false }, { serviceAccountName: 'no-token' }]) {
      const { volumes, containers } = await admitted(podWith(wish))
      assert.deepEqual([volumes, containers[0]!.volumeMounts], [undefined, undefined])
    }
    const spec = await admitted(podWith({ serviceAccountName: 'no-token', automountServiceAccountToken: true }))
    assert.equal(spec.volumes?.length, 1)
  })

  test('leaves containers alone that have something in the place', async () => {
    const volumeMounts = [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }]
    const { containers, volumes } = await admitted(podWith({ containers: [{ name: 'c', volumeMounts }] }))
    assert.deepEqual([containers[0]!.volumeMounts, volumes], [volumeMounts, undefined])
  })

  test('uses the volume that is there', async () => {
    const volumes = [{ name: 'kube-api-access-mine', emptyDir: {} }]
    const spec = await admitted(podWith({ volumes }))
    assert.deepEqual(spec.volumes, volumes)
    assert.equal(spec.containers[0]!.volumeMounts?.[0]?.name, 'kube-api-access-mine')
  })

  test('waits for the default account of a new namespace', async () => {
    const fresh = new FakeReader()
    let waits = 0
    const sleep = async () => {
      if (++waits === 3) fresh.put(serviceAccounts, { metadata: { name: 'default', namespace } })
    }
    assert.equal(await refusal(plugin(fresh, sleep), write(pods, { object: podWith() })), undefined)
    assert.equal(waits, 3)
  })

  const missing = (name: string) =>
    `pods "a" is forbidden: error looking up service account shop/${name}: serviceaccount "${name}" not found`

  for (const [name, waits] of [
    ['default', 9],
    ['other', 0],
  ] as const) {
    test(`refuses a Pod whose account ${name} does not come`, async () => {
      let slept = 0
      const sleep = async () => {
        slept++
      }
      const object = podWith({ serviceAccountName: name })
      assert.equal(await refusal(plugin(new FakeReader(), sleep), write(pods, { object })), missing(name))
      assert.equal(slept, waits)
    })
  }

  const mirror = { 'kubernetes.io/config.mirror': 'x' }
  const limited = { serviceAccountName: 'limited', imagePullSecrets: [{ name: 'registry' }] }
  const env = [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }]
  const envFrom = [{ secretRef: { name: 'other' } }]
  const using = (given: Partial<Container>): Container => ({ name: 'c', ...given })
  const because = 'is not allowed because service account limited does not reference that secret'
  const add = (ephemeral: Partial<Container>): AdmissionAttributes =>
    write(pods, {
      operation: 'UPDATE',
      subresource: 'ephemeralcontainers',
      object: podWith({ ...limited, ephemeralContainers: [{ name: 'e', ...ephemeral }] }),
    })
  const rows: [title: string, attributes: AdmissionAttributes, why?: string][] = [
    ['a mirror Pod that names none', write(pods, { object: podWith({}, mirror) })],
    [
      'a mirror Pod with an account',
      write(pods, { object: podWith({ serviceAccountName: 'default' }, mirror) }),
      'a mirror pod may not reference service accounts',
    ],
    [
      'a mirror Pod with a Secret',
      write(pods, { object: podWith({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }, mirror) }),
      'a mirror pod may not reference secrets',
    ],
    [
      'a mirror Pod with a token',
      write(pods, {
        object: podWith(
          { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
          mirror,
        ),
      }),
      'a mirror pod may not use ServiceAccountToken volume projections',
    ],
    ['what an account names', write(pods, { object: podWith(limited) })],
    [
      'a volume of another Secret',
      write(pods, { object: podWith({ ...limited, volumes: [{ name: 'v', secret: { secretName: 'other' } }] }) }),
      `volume with secret.secretName="other" ${because}`,
    ],
    [
      'a variable from another Secret',
      write(pods, { object: podWith({ ...limited, containers: [using({ env })] }) }),
      `container c with envVar E referencing secret.secretName="other" ${because}`,
    ],
    [
      'an init container with variables from another Secret',
      write(pods, { object: podWith({ ...limited, initContainers: [using({ envFrom })] }) }),
      `init container c with envFrom referencing secret.secretName="other" ${because}`,
    ],
    [
      'another pull secret',
      write(pods, { object: podWith({ ...limited, imagePullSecrets: [{ name: 'registry' }, { name: 'other' }] }) }),
      `imagePullSecrets[1].name="other" ${because.replace(/secret$/, 'imagePullSecret')}`,
    ],
    ['an ephemeral container without Secrets', add({})],
    [
      'an ephemeral container with another Secret',
      add({ env }),
      `ephemeral container e with envVar E referencing secret.secretName="other" ${because}`,
    ],
  ]
  for (const [title, attributes, why] of rows) {
    test(`${why === undefined ? 'lets in' : 'refuses'} ${title}`, async () => {
      const message = await refusal(plugin(), attributes)
      assert.equal(message?.replace(/^pods "a" is forbidden: /, ''), why)
    })
  }
})
