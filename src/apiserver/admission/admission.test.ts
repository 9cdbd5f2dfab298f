import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { namespaces, pods, storageClasses } from '../../api/types/resources.ts'
import type { AdmissionAttributes } from './admission.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { newestDefault } from './newest-default.ts'

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
