import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import {
  configMaps,
  ingressClasses,
  ingresses,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  services,
  storageClasses,
  volumeAttributesClasses,
} from '../../api/types/resources.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { AdmissionPlugin } from './admission.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { denyServiceExternalIps } from './deny-service-external-ips.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'

type Given = KubeObject & { spec?: unknown }

interface Row {
  readonly title: string
  readonly ref: ResourceRef
  readonly object: Given
  /** What the object becomes; itself unless given. */
  readonly want?: Given
}

function rowsOf(plugin: AdmissionPlugin, rows: readonly Row[]): void {
  for (const { title, ref, object, want } of rows) {
    test(title, async () => {
      const created = structuredClone(object)
      assert.equal(await refusal(plugin, write(ref, { object: created })), undefined)
      assert.deepEqual(created, want ?? object)
    })
  }
}

const isDefault = (key: string, name: string, creationTimestamp: string, value = 'true') => ({
  metadata: { name, creationTimestamp, annotations: { [key]: value } },
})
const [earlier, later] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z']
const named = { name: 'a' }

describe('DefaultIngressClass', () => {
  const key = 'ingressclass.kubernetes.io/is-default-class'
  const reader = new FakeReader().put(
    ingressClasses,
    isDefault(key, 'old', earlier),
    isDefault(key, 'new-b', later),
    isDefault(key, 'new-a', later),
    isDefault(key, 'newest', '2026-03-01T00:00:00Z', 'false'),
  )
  rowsOf(defaultIngressClass(reader), [
    {
      title: 'is the newest, then the first by name',
      ref: ingresses,
      object: { metadata: named, spec: {} },
      want: { metadata: named, spec: { ingressClassName: 'new-a' } },
    },
    { title: 'leaves a class', ref: ingresses, object: { metadata: named, spec: { ingressClassName: 'x' } } },
    { title: 'leaves an empty class', ref: ingresses, object: { metadata: named, spec: { ingressClassName: '' } } },
    {
      title: "leaves the old annotation's class",
      ref: ingresses,
      object: { metadata: { ...named, annotations: { 'kubernetes.io/ingress.class': '' } }, spec: {} },
    },
    { title: 'concerns nothing else', ref: configMaps, object: { metadata: named } },
  ])
})

describe('DefaultIngressClass without a default', () => {
  rowsOf(defaultIngressClass(new FakeReader().put(ingressClasses, { metadata: named })), [
    { title: 'sets none', ref: ingresses, object: { metadata: named, spec: {} } },
  ])
})

describe('DefaultStorageClass', () => {
  const reader = new FakeReader().put(
    storageClasses,
    { ...isDefault('storageclass.kubernetes.io/is-default-class', 'old', earlier), provisioner: 'p' },
    { ...isDefault('storageclass.beta.kubernetes.io/is-default-class', 'beta', later), provisioner: 'p' },
  )
  rowsOf(defaultStorageClass(reader), [
    {
      title: 'is the newest, by either annotation',
      ref: persistentVolumeClaims,
      object: { metadata: named, spec: {} },
      want: { metadata: named, spec: { storageClassName: 'beta' } },
    },
    {
      title: 'leaves a claim that wants none',
      ref: persistentVolumeClaims,
      object: { metadata: named, spec: { storageClassName: '' } },
    },
    {
      title: "leaves the old annotation's class",
      ref: persistentVolumeClaims,
      object: { metadata: { ...named, annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } }, spec: {} },
    },
  ])
})

describe('StorageObjectInUseProtection', () => {
  const protectedBy = (...finalizers: string[]) => ({ metadata: { ...named, finalizers } })
  rowsOf(storageObjectInUseProtection, [
    {
      title: 'keeps claims',
      ref: persistentVolumeClaims,
      object: protectedBy('mine'),
      want: protectedBy('mine', 'kubernetes.io/pvc-protection'),
    },
    {
      title: 'keeps volumes',
      ref: persistentVolumes,
      object: { metadata: { ...named } },
      want: protectedBy('kubernetes.io/pv-protection'),
    },
    {
      title: 'keeps classes of attributes',
      ref: volumeAttributesClasses,
      object: { metadata: { ...named } },
      want: protectedBy('kubernetes.io/vac-protection'),
    },
    {
      title: 'adds its finalizer once',
      ref: persistentVolumes,
      object: protectedBy('kubernetes.io/pv-protection'),
    },
    { title: 'concerns nothing else', ref: storageClasses, object: { metadata: { ...named } } },
  ])
})

describe('TaintNodesByCondition', () => {
  const key = 'node.kubernetes.io/not-ready'
  const tainted = (...taints: object[]) => ({ metadata: named, spec: { taints } })
  rowsOf(taintNodesByCondition, [
    {
      title: 'taints a new node',
      ref: nodes,
      object: { metadata: named },
      want: tainted({ key, effect: 'NoSchedule' }),
    },
    {
      title: 'adds to taints of other effects',
      ref: nodes,
      object: tainted({ key, effect: 'NoExecute' }),
      want: tainted({ key, effect: 'NoExecute' }, { key, effect: 'NoSchedule' }),
    },
    { title: 'taints once', ref: nodes, object: tainted({ key, effect: 'NoSchedule', value: 'x' }) },
  ])
})

describe('DenyServiceExternalIPs', () => {
  const claims = (...externalIPs: string[]) => ({ metadata: named, spec: { externalIPs } })
  const denied = 'services "a" is forbidden: Use of external IPs is denied by admission control'
  const rows: { title: string; now: KubeObject; before?: KubeObject; subresource?: string; why?: string }[] = [
    { title: 'lets a Service without any in', now: claims() },
    { title: 'refuses a new Service with some', now: claims('192.0.2.1'), why: denied },
    { title: 'refuses more', before: claims('192.0.2.1'), now: claims('192.0.2.1', '192.0.2.2'), why: denied },
    { title: 'refuses another', before: claims('192.0.2.1'), now: claims('192.0.2.2'), why: denied },
    { title: 'lets those stay that are there', before: claims('192.0.2.1'), now: claims('192.0.2.1') },
    { title: 'lets some go', before: claims('192.0.2.1', '192.0.2.2'), now: claims('192.0.2.2') },
    { title: 'does not look at subresources', before: claims(), now: claims('192.0.2.1'), subresource: 'status' },
  ]
  for (const { title, now, before, subresource = '', why } of rows) {
    test(title, async () => {
      const operation = before ? 'UPDATE' : 'CREATE'
      const attributes = write(services, { operation, object: now, oldObject: before, subresource })
      assert.equal(await refusal(denyServiceExternalIps, attributes), why)
    })
  }
})
