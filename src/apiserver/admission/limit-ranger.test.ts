import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { Container, LimitRangeItem, PersistentVolumeClaim, Pod, PodSpec } from '../../api/types/core/v1.ts'
import { limitRanges, persistentVolumeClaims, pods } from '../../api/types/resources.ts'
import type { AdmissionAttributes } from './admission.ts'
import { limitRanger } from './limit-ranger.ts'

type Amounts = Record<string, string>

const ranger = (...limits: LimitRangeItem[]) =>
  limitRanger(new FakeReader().put(limitRanges, { metadata: { name: 'l', namespace: 'shop' }, spec: { limits } }))
const container = (requests?: Amounts, limits?: Amounts, name = 'c'): Container => {
  return { name, resources: { ...(requests && { requests }), ...(limits && { limits }) } }
}
const pod = (containers: Container[], spec: Partial<PodSpec> = {}): Pod => {
  return { metadata: { name: 'a', namespace: 'shop' }, spec: { containers, ...spec } }
}
const claim = (storage?: string): PersistentVolumeClaim => {
  return { metadata: { name: 'a' }, spec: { resources: storage === undefined ? {} : { requests: { storage } } } }
}
const ofPod = (object: Pod, given: Partial<AdmissionAttributes> = {}) => write(pods, { ...given, object })
const ofClaim = (object: PersistentVolumeClaim) => write(persistentVolumeClaims, { object })
const resize = { operation: 'UPDATE', subresource: 'resize' } as const
const going = { ...pod([]), metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } } as never

const rows: [title: string, item: LimitRangeItem, attributes: AdmissionAttributes, why?: string][] = [
  ['lets in what is enough', { type: 'Container', min: { cpu: '1' } }, ofPod(pod([container({ cpu: '1' })]))],
  [
    'wants a request where there is a minimum',
    { type: 'Container', min: { cpu: '1' } },
    ofPod(pod([container()])),
    'minimum cpu usage per Container is 1.  No request is specified',
  ],
  [
    'refuses a request that is too small',
    { type: 'Container', min: { cpu: '1' } },
    ofPod(pod([container({ cpu: '999m' })])),
    'minimum cpu usage per Container is 1, but request is 999m',
  ],
  [
    'refuses a limit that is too small',
    { type: 'Container', min: { cpu: '1' } },
    ofPod(pod([container({ cpu: '1' }, { cpu: '500m' })])),
    'minimum cpu usage per Container is 1, but limit is 500m',
  ],
  [
    'wants a limit where there is a maximum',
    { type: 'Container', max: { cpu: '1' } },
    ofPod(pod([container({ cpu: '1' })])),
    'maximum cpu usage per Container is 1.  No limit is specified',
  ],
  [
    'refuses a limit that is too large',
    { type: 'Container', max: { memory: '1Gi' } },
    ofPod(pod([container({}, { memory: '1025Mi' })])),
    'maximum memory usage per Container is 1Gi, but limit is 1025Mi',
  ],
  [
    'refuses a request that is too large',
    { type: 'Container', max: { cpu: '1' } },
    ofPod(pod([container({ cpu: '2' }, { cpu: '1' })])),
    'maximum cpu usage per Container is 1, but request is 2',
  ],
  [
    'looks at init containers',
    { type: 'Container', max: { cpu: '1' } },
    ofPod(pod([container({}, { cpu: '1' })], { initContainers: [container({}, { cpu: '3' })] })),
    'maximum cpu usage per Container is 1, but limit is 3',
  ],
  [
    'refuses a limit too far above its request',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    ofPod(pod([container({ cpu: '300m' }, { cpu: '1' })])),
    'cpu max limit to request ratio per Container is 2, but provided ratio is 3.333333',
  ],
  [
    'knows no ratio to nothing',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    ofPod(pod([container({ cpu: '0' }, { cpu: '1' })])),
    'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
  ],
  [
    'knows no ratio of nothing',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    ofPod(pod([container({ cpu: '1' })])),
    'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0',
  ],
  [
    'says all that is wrong, each once',
    { type: 'Container', max: { cpu: '1' }, min: { memory: '1' } },
    ofPod(pod([container(), container(undefined, undefined, 'd')])),
    '[minimum memory usage per Container is 1.  No request is specified, maximum cpu usage per Container is 1.  No limit is specified]',
  ],
  [
    'adds up a Pod',
    { type: 'Pod', max: { cpu: '1' } },
    ofPod(pod([container({}, { cpu: '600m' }), container({}, { cpu: '600m' }, 'd')])),
    'maximum cpu usage per Pod is 1, but limit is 1200m',
  ],
  [
    'takes an init container that is larger than all others',
    { type: 'Pod', max: { cpu: '1' } },
    ofPod(pod([container({}, { cpu: '1' })], { initContainers: [container({}, { cpu: '2' })] })),
    'maximum cpu usage per Pod is 1, but limit is 2',
  ],
  [
    'refuses a Pod that grows too large',
    { type: 'Container', max: { cpu: '1' } },
    ofPod(pod([container({}, { cpu: '2' })]), { ...resize, oldObject: pod([]) as never }),
    'maximum cpu usage per Container is 1, but limit is 2',
  ],
  [
    'does not look at other updates',
    { type: 'Container', max: { cpu: '1' } },
    ofPod(pod([container({}, { cpu: '2' })]), { operation: 'UPDATE', oldObject: pod([]) as never }),
  ],
  [
    'does not look at what is going',
    { type: 'Container', max: { cpu: '1' } },
    ofPod(pod([container({}, { cpu: '2' })]), { ...resize, oldObject: going }),
  ],
  [
    'refuses a claim that is too small',
    { type: 'PersistentVolumeClaim', min: { storage: '1Gi' } },
    ofClaim(claim('1M')),
    'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1M',
  ],
  [
    'refuses a claim that is too large',
    { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
    ofClaim(claim('2Gi')),
    'maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
  ],
  [
    'wants claims to ask for something',
    { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } },
    ofClaim(claim()),
    'maximum storage usage per PersistentVolumeClaim is 1Gi.  No request is specified',
  ],
  [
    'knows no ratio of claims',
    { type: 'PersistentVolumeClaim', maxLimitRequestRatio: { storage: '2' } },
    ofClaim(claim('1Gi')),
  ],
  ['has nothing to say of other claims', { type: 'Pod', max: { storage: '1Gi' } }, ofClaim(claim('2Gi'))],
]

for (const [title, item, attributes, why] of rows) {
  test(`LimitRanger ${title}`, async () => {
    const message = await refusal(ranger(item), attributes)
    assert.equal(message?.replace(/^.* "a" is forbidden: /, ''), why)
  })
}

const defaults: LimitRangeItem = {
  type: 'Container',
  default: { cpu: '500m', memory: '1Gi' },
  defaultRequest: { cpu: '100m' },
}

test('LimitRanger fills in what containers leave out, and says so', async () => {
  const object = pod([container({ cpu: '1' })], { initContainers: [container({}, { cpu: '2' }, 'init')] })
  await refusal(ranger(defaults), ofPod(object))
  const [main] = object.spec!.containers
  assert.deepEqual(main!.resources, { requests: { cpu: '1' }, limits: { cpu: '500m', memory: '1Gi' } })
  const [init] = object.spec!.initContainers!
  assert.deepEqual(init!.resources, { requests: { cpu: '100m' }, limits: { cpu: '2', memory: '1Gi' } })
  assert.equal(
    object.metadata!.annotations!['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu, memory limit for container c; cpu request for init container init; memory limit for init container init',
  )
})

test('LimitRanger changes no Pod that lacks nothing, and no claims', async () => {
  const object = pod([container({ cpu: '1' }, { cpu: '1', memory: '1' })])
  const before = structuredClone(object)
  await refusal(ranger(defaults), ofPod(object))
  assert.deepEqual(object, before)
  assert.equal(await refusal(ranger(defaults), ofClaim(claim('1'))), undefined)
})
