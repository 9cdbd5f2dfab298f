import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import {
  namespaces,
  pods,
  priorityClasses,
  resourceQuotas,
  serviceAccounts,
  storageClasses,
} from '../../api/types/resources.ts'
import type { AdmissionAttributes } from './admission.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { newestDefault } from './newest-default.ts'
import { priority } from './priority.ts'
import { resourceQuota } from './resource-quota.ts'
import { serviceAccount } from './service-account.ts'

function podWith(spec: Partial<Pod['spec']> = {}): Pod {
  return { metadata: { name: 'a', namespace: 'shop' }, spec: { containers: [{ name: 'c' }], ...spec } }
}

describe('NamespaceLifecycle', () => {
  const reader = new FakeReader()
    .put(namespaces, { metadata: { name: 'shop' }, status: { phase: 'Active' } })
    .put(namespaces, { metadata: { name: 'going' }, status: { phase: 'Terminating' } })
  const rows: { title: string; attributes: AdmissionAttributes; why: string | undefined }[] = [
    { title: 'lets a Pod into a namespace', attributes: write(pods, { object: podWith() }), why: undefined },
    {
      title: 'refuses one that is not there',
      attributes: write(pods, { object: podWith(), namespace: 'nowhere' }),
      why: 'namespaces "nowhere" not found',
    },
    {
      title: 'refuses one that is going',
      attributes: write(pods, { object: podWith(), namespace: 'going' }),
      why: 'pods "a" is forbidden: unable to create new content in namespace going because it is being terminated',
    },
    {
      title: 'keeps kube-system',
      attributes: write(namespaces, { operation: 'DELETE', name: 'kube-system' }),
      why: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    },
  ]
  for (const { title, attributes, why } of rows) {
    test(title, async () => assert.equal(await refusal(namespaceLifecycle(reader), attributes), why))
  }
})

describe('ServiceAccount', () => {
  const reader = new FakeReader().put(serviceAccounts, {
    metadata: { name: 'default', namespace: 'shop' },
    imagePullSecrets: [{ name: 'registry' }],
  })
  const plugin = serviceAccount({ reader, generateName: (base) => `${base}abcde` })

  test('gives a Pod the default account, its token and its pull secrets', async () => {
    const pod = podWith()
    assert.equal(await refusal(plugin, write(pods, { object: pod })), undefined)
    assert.equal(pod.spec?.serviceAccountName, 'default')
    assert.deepEqual(pod.spec.imagePullSecrets, [{ name: 'registry' }])
    assert.equal(pod.spec.containers[0]!.volumeMounts?.[0]?.name, 'kube-api-access-abcde')
    assert.equal(pod.spec.volumes?.[0]?.projected?.sources?.length, 3)
  })

  test('mounts nothing where the Pod wants no token', async () => {
    const pod = podWith({ automountServiceAccountToken: false })
    await refusal(plugin, write(pods, { object: pod }))
    assert.equal(pod.spec?.volumes, undefined)
  })

  test('refuses an account that is not there', async () => {
    const message = await refusal(plugin, write(pods, { object: podWith({ serviceAccountName: 'x' }) }))
    assert.equal(
      message,
      'pods "a" is forbidden: error looking up service account shop/x: serviceaccount "x" not found',
    )
  })
})

describe('Priority', () => {
  const reader = new FakeReader().put(priorityClasses, { metadata: { name: 'high' }, value: 1000 })
  const rows: { title: string; spec: Partial<Pod['spec']>; want: number | undefined; why?: string }[] = [
    { title: 'is 0 without a class', spec: {}, want: 0 },
    { title: 'comes from the class', spec: { priorityClassName: 'high' }, want: 1000 },
    {
      title: 'needs a class that is there',
      spec: { priorityClassName: 'x' },
      want: undefined,
      why: 'pods "a" is forbidden: no PriorityClass with name x was found',
    },
  ]
  for (const { title, spec, want, why } of rows) {
    test(title, async () => {
      const pod = podWith(spec)
      assert.equal(await refusal(priority(reader), write(pods, { object: pod })), why)
      assert.equal(pod.spec?.priority, want)
    })
  }
})

test('DefaultTolerationSeconds adds only what is not tolerated', async () => {
  const pod = podWith({ tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }] })
  await refusal(defaultTolerationSeconds, write(pods, { object: pod }))
  assert.deepEqual(
    pod.spec?.tolerations?.map(({ key }) => key),
    ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
  )
})

test('the newest default wins', () => {
  const annotations = { default: 'true' }
  const reader = new FakeReader().put(
    storageClasses,
    { metadata: { name: 'old', annotations, creationTimestamp: '2026-01-01T00:00:00Z' }, provisioner: 'p' },
    { metadata: { name: 'new', annotations, creationTimestamp: '2026-02-01T00:00:00Z' }, provisioner: 'p' },
    { metadata: { name: 'newest', creationTimestamp: '2026-03-01T00:00:00Z' }, provisioner: 'p' },
  )
  assert.equal(newestDefault(reader.list(storageClasses), ['default'])?.metadata.name, 'new')
})

describe('ResourceQuota', () => {
  const setUp = (hard: Record<string, string>, used: Record<string, string>) => {
    const quota = { metadata: { name: 'q', namespace: 'shop' }, spec: { hard }, status: { hard, used } }
    const reader = new FakeReader().put(resourceQuotas, quota)
    const written: Record<string, string>[] = []
    const plugin = resourceQuota({
      reader,
      nowMs: () => 0,
      updateQuotaStatus: async (_quota, after) => {
        written.push(after)
      },
    })
    return { plugin, written }
  }
  const withCpu = (cpu: string) => podWith({ containers: [{ name: 'c', resources: { requests: { cpu } } }] })

  test('takes what it lets in', async () => {
    const { plugin, written } = setUp({ pods: '2', 'requests.cpu': '1' }, { pods: '1', 'requests.cpu': '200m' })
    assert.equal(await refusal(plugin, write(pods, { object: withCpu('300m') })), undefined)
    assert.deepEqual(written, [{ pods: '2', 'requests.cpu': '500m' }])
  })

  test('takes nothing for a dry run', async () => {
    const { plugin, written } = setUp({ pods: '2' }, { pods: '1' })
    await refusal(plugin, write(pods, { object: podWith(), dryRun: true }))
    assert.deepEqual(written, [])
  })

  const rows = [
    {
      title: 'refuses one Pod too many',
      hard: { pods: '2' },
      used: { pods: '2' },
      object: podWith(),
      why: 'exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    },
    {
      title: 'refuses too much',
      hard: { 'requests.cpu': '500m' },
      used: { 'requests.cpu': '0' },
      object: withCpu('600m'),
      why: 'exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=0, limited: requests.cpu=500m',
    },
    {
      title: 'wants amounts to be stated',
      hard: { 'limits.memory': '1Gi', 'requests.cpu': '1' },
      used: { 'limits.memory': '0', 'requests.cpu': '0' },
      object: podWith(),
      why: 'failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
    },
  ]
  for (const { title, hard, used, object, why } of rows) {
    test(title, async () => {
      const { plugin } = setUp(hard as Record<string, string>, used as Record<string, string>)
      assert.equal(await refusal(plugin, write(pods, { object })), `pods "a" is forbidden: ${why}`)
    })
  }
})
