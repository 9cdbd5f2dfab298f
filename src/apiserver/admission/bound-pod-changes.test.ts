import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { Pod, PodSpec, ResourceRequirements } from '../../api/types/core/v1.ts'
import { nodes, pods } from '../../api/types/resources.ts'
import { StatusError } from '../../machinery/status.ts'
import type { AdmissionPlugin } from './admission.ts'
import { admissionChain } from './chain.ts'
import { nodeDeclaredFeatureValidator } from './node-declared-feature-validator.ts'
import { podResizeValidator } from './pod-resize-validator.ts'

const reader = new FakeReader().put(
  nodes,
  { metadata: { name: 'small' }, status: { allocatable: { cpu: '1', memory: '1Gi' } } },
  { metadata: { name: 'windows', labels: { 'kubernetes.io/os': 'windows' } }, status: { allocatable: { cpu: '1' } } },
  { metadata: { name: 'linux', labels: { 'kubernetes.io/os': 'linux' } }, status: { allocatable: { cpu: '64' } } },
  { metadata: { name: 'able' }, status: { declaredFeatures: ['InPlacePodLevelResourcesVerticalScaling'] } },
)

const requests = (cpu: string, memory?: string): ResourceRequirements => {
  return { requests: { cpu, ...(memory && { memory }) } }
}
const podOn = (nodeName: string | undefined, resources: ResourceRequirements, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: 'a', namespace: 'shop' },
  spec: { ...(nodeName && { nodeName }), containers: [{ name: 'c', resources }], ...spec },
})

interface Row {
  readonly title: string
  readonly pod: Pod
  readonly old?: Pod
  readonly subresource?: string
  /** Whether the change counts the generation up, which it does unless given. */
  readonly isCounted?: boolean
  readonly why?: string
  readonly cause?: string
}

function rowsOf(plugin: AdmissionPlugin, rows: readonly Row[]): void {
  for (const { title, pod, old = pod, subresource = 'resize', isCounted = true, why, cause } of rows) {
    test(title, async () => {
      const ofGeneration = (object: Pod, generation: number) => ({
        ...object,
        metadata: { ...object.metadata, generation },
      })
      const object = ofGeneration(pod, isCounted ? 2 : 1)
      const attributes = write(pods, { operation: 'UPDATE', subresource, object, oldObject: ofGeneration(old, 1) })
      const refused = await Promise.resolve(admissionChain([plugin]).validate(attributes)).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (refused !== undefined && !(refused instanceof StatusError)) throw refused
      assert.equal(refused?.message, why && `pods "a" is forbidden: ${why}`)
      assert.equal(refused?.status.details?.causes?.[0]?.reason, cause)
    })
  }
}

describe('PodResizeValidator', () => {
  const lacking = "node didn't have enough allocatable resources: "
  rowsOf(podResizeValidator(reader), [
    { title: 'lets a Pod have all of its node', pod: podOn('small', requests('1', '1Gi')) },
    {
      title: 'refuses more of the processor',
      pod: podOn('small', requests('1500m')),
      why: `${lacking}cpu, requested: 1500, allocatable: 1000`,
      cause: 'NodeCapacity',
    },
    {
      title: 'names all that lacks',
      pod: podOn('small', requests('2', '2Gi')),
      why: `${lacking}cpu, requested: 2000, allocatable: 1000; memory, requested: 2147483648, allocatable: 1073741824`,
      cause: 'NodeCapacity',
    },
    {
      title: 'takes what a node does not name for nothing',
      pod: podOn('linux', requests('1', '1')),
      why: `${lacking}memory, requested: 1, allocatable: 0`,
      cause: 'NodeCapacity',
    },
    {
      title: 'refuses other systems',
      pod: podOn('windows', requests('1m')),
      why: 'pod resize is only supported on linux nodes, node "windows" is "windows"',
      cause: 'UnsupportedPlatform',
    },
    { title: 'refuses a node that is gone', pod: podOn('gone', requests('1m')), why: 'node "gone" not found' },
    { title: 'lets a Pod without a node be', pod: podOn(undefined, requests('100')) },
    { title: 'lets what is no change be', pod: podOn('small', requests('100')), isCounted: false },
    { title: 'is of resizing', pod: podOn('small', requests('100')), subresource: '' },
  ])
})

describe('NodeDeclaredFeatureValidator', () => {
  const whole = (nodeName: string | undefined, cpu?: string) =>
    podOn(nodeName, {}, cpu === undefined ? {} : { resources: requests(cpu) })
  const withInit = (cpu: string, restartPolicy?: string) =>
    podOn(
      'small',
      {},
      {
        initContainers: [{ name: 'i', resources: requests(cpu), ...(restartPolicy && { restartPolicy }) }],
      },
    )
  const requires = (features: string) =>
    `pod update requires features ${features} which are not available on node "small"`
  const podLevel = 'InPlacePodLevelResourcesVerticalScaling'
  const initContainers = 'InPlacePodVerticalScalingInitContainers'
  rowsOf(nodeDeclaredFeatureValidator(reader), [
    { title: 'lets containers change', old: podOn('small', requests('1')), pod: podOn('small', requests('2')) },
    {
      title: 'refuses resources of the Pod',
      old: whole('small', '1'),
      pod: whole('small', '2'),
      why: requires(podLevel),
    },
    { title: 'lets them change on a node that can', old: whole('able', '1'), pod: whole('able', '2') },
    {
      title: 'refuses first resources of the Pod, outside of resizing too',
      old: whole('small'),
      pod: whole('small', '2'),
      subresource: '',
      why: requires(podLevel),
    },
    {
      title: 'refuses resources of init containers',
      old: withInit('1'),
      pod: withInit('2'),
      why: requires(initContainers),
    },
    { title: 'lets sidecars change', old: withInit('1', 'Always'), pod: withInit('2', 'Always') },
    {
      title: 'refuses a node that is gone',
      old: whole('gone', '1'),
      pod: whole('gone', '2'),
      why: 'node "gone" not found',
    },
    { title: 'lets a Pod without a node be', old: whole(undefined, '1'), pod: whole(undefined, '2') },
    { title: 'is not of statuses', old: whole('small', '1'), pod: whole('small', '2'), subresource: 'status' },
  ])
})
