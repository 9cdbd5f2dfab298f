import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod, PodSpec } from '../types/core/v1.ts'
import { resizeErrors } from './pod-resize.ts'

const container: Container = { name: 'c', image: 'i', resources: { requests: { cpu: '1', 'x.com/y': '1' } } }
const asking = (requests: Record<string, string>): Container => ({ ...container, resources: { requests } })

const rows: { title: string; now: Partial<PodSpec>; before?: Partial<PodSpec>; qos?: string; wrong: string[] }[] = [
  { title: 'more of a processor', now: { containers: [asking({ cpu: '2', 'x.com/y': '1' })] }, wrong: [] },
  {
    title: 'no processor any more',
    now: { containers: [asking({ 'x.com/y': '1' })] },
    wrong: ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
  },
  {
    title: 'more devices',
    now: { containers: [asking({ cpu: '1', 'x.com/y': '2' })] },
    wrong: ['spec: Forbidden: only cpu and memory resources are mutable'],
  },
  {
    title: 'another order',
    now: { containers: [{ ...container, name: 'd' }] },
    wrong: ['spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize'],
  },
  {
    title: 'one container more',
    now: { containers: [container, { ...container, name: 'd' }] },
    wrong: ['spec.containers: Forbidden: containers may not be added or removed on resize'],
  },
  {
    title: 'another quality of service',
    now: {},
    qos: 'Guaranteed',
    wrong: ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'],
  },
  {
    title: 'on Windows',
    now: {},
    before: { os: { name: 'windows' } },
    wrong: [': Forbidden: windows pods cannot be resized'],
  },
  {
    title: 'no resources of the Pod any more',
    now: {},
    before: { resources: { requests: { cpu: '1' } } },
    wrong: ['spec.resources: Forbidden: pod-level resources cannot be removed'],
  },
]

for (const { title, now, before = {}, qos = 'Burstable', wrong } of rows) {
  test(`a resize: ${title}`, () => {
    const podOf = (spec: Partial<PodSpec>): Pod => ({
      spec: { containers: [container], ...spec },
      status: { qosClass: 'Burstable' },
    })
    const qosClasses = { now: qos, before: 'Burstable' }
    const errors = resizeErrors({ pod: podOf(now), old: podOf(before), qosClasses }, [])
    assert.deepEqual(
      errors.map(({ field, detail }) => `${field}: ${detail}`),
      wrong,
    )
  })
}
