import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { Namespace, Pod, PodSpec, Toleration } from '../../api/types/core/v1.ts'
import { namespaces, nodes, pods, priorityClasses, runtimeClasses } from '../../api/types/resources.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { AdmissionPlugin } from './admission.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { podNodeSelector } from './pod-node-selector.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
import { runtimeClass } from './runtime-class.ts'

const podWith = (spec: Partial<PodSpec> = {}, labels?: Record<string, string>): Pod => ({
  metadata: { name: 'a', namespace: 'shop', ...(labels && { labels }) },
  spec: { containers: [{ name: 'c' }], ...spec },
})

/** What a new Pod's spec becomes, or why it is refused. */
async function created(plugin: AdmissionPlugin, spec: Partial<PodSpec>): Promise<Partial<PodSpec> | string> {
  const object = podWith(spec)
  const message = await refusal(plugin, write(pods, { object }))
  if (message !== undefined) return message.replace(/^pods "a" is forbidden: /, '')
  const { containers: _containers, ...rest } = object.spec!
  return rest
}

interface Row {
  readonly title: string
  readonly spec: Partial<PodSpec>
  readonly want: Partial<PodSpec> | string
}

function rowsOf(plugin: AdmissionPlugin, rows: readonly Row[]): void {
  for (const { title, spec, want } of rows) {
    test(title, async () => assert.deepEqual(await created(plugin, spec), want))
  }
}

describe('Priority', () => {
  const preemptionPolicy = 'PreemptLowerPriority'
  const reader = new FakeReader().put(
    priorityClasses,
    { metadata: { name: 'high' }, value: 1000 },
    { metadata: { name: 'calm' }, value: 10, preemptionPolicy: 'Never' },
  )
  rowsOf(priority(reader), [
    { title: 'is 0 without a class', spec: {}, want: { priority: 0, preemptionPolicy } },
    {
      title: 'comes from the class',
      spec: { priorityClassName: 'high' },
      want: { priorityClassName: 'high', priority: 1000, preemptionPolicy },
    },
    {
      title: 'is refused for a class that is not there',
      spec: { priorityClassName: 'x' },
      want: 'no PriorityClass with name x was found',
    },
    {
      title: 'may not be given',
      spec: { priorityClassName: 'high', priority: 1 },
      want: 'the integer value of priority (1) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    },
    {
      title: 'says whom a Pod may drive away',
      spec: { priorityClassName: 'calm', preemptionPolicy },
      want: 'the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
    },
  ])

  test('of several defaults is the least', async () => {
    const classes = new FakeReader().put(
      priorityClasses,
      { metadata: { name: 'more' }, value: 20, globalDefault: true },
      { metadata: { name: 'less' }, value: 10, globalDefault: true },
    )
    const spec = await created(priority(classes), {})
    assert.deepEqual(spec, { priorityClassName: 'less', priority: 10, preemptionPolicy })
    const another = { metadata: { name: 'third' }, value: 1, globalDefault: true }
    assert.equal(
      await refusal(priority(classes), write(priorityClasses, { object: another })),
      'priorityclasses.scheduling.k8s.io "third" is forbidden: PriorityClass less is already marked as default. Only one default can exist',
    )
  })

  test('stays when an update does not name it', async () => {
    const object = podWith()
    const oldObject = podWith({ priority: 7, preemptionPolicy: 'Never' }) as never
    await refusal(priority(reader), write(pods, { operation: 'UPDATE', object, oldObject }))
    assert.deepEqual([object.spec!.priority, object.spec!.preemptionPolicy], [7, 'Never'])
  })
})

describe('RuntimeClass', () => {
  const reader = new FakeReader().put(
    runtimeClasses,
    { metadata: { name: 'plain' }, handler: 'runc' },
    {
      metadata: { name: 'heavy' },
      handler: 'kata',
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: {
        nodeSelector: { runtime: 'kata' },
        tolerations: [{ key: 'kata', operator: 'Exists' }],
      },
    },
  )
  const heavy = { runtimeClassName: 'heavy' }
  const own: Toleration = { key: 'kata', operator: 'Equal', value: 'x' }
  const placed = { nodeSelector: { runtime: 'kata' }, tolerations: [{ key: 'kata', operator: 'Exists' }] }
  rowsOf(runtimeClass(reader), [
    { title: 'is not needed', spec: {}, want: {} },
    {
      title: 'must be there',
      spec: { runtimeClassName: 'x' },
      want: 'pod rejected: RuntimeClass "x" not found',
    },
    {
      title: 'says how much a Pod costs, and where it can run',
      spec: heavy,
      want: { ...heavy, ...placed, overhead: { cpu: '250m' } },
    },
    {
      title: 'takes the same amount in other words',
      spec: { ...heavy, overhead: { cpu: '0.25' } },
      want: { ...heavy, ...placed, overhead: { cpu: '250m' } },
    },
    {
      title: 'does not take another amount',
      spec: { ...heavy, overhead: { cpu: '1' } },
      want: "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
    },
    {
      title: 'that costs nothing goes with no amount',
      spec: { runtimeClassName: 'plain', overhead: { cpu: '1' } },
      want: 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    },
    {
      title: 'is not for nodes of another sort',
      spec: { ...heavy, nodeSelector: { runtime: 'runc' } },
      want: 'conflict: runtimeClass.scheduling.nodeSelector[runtime] = kata; pod.spec.nodeSelector[runtime] = runc',
    },
    {
      title: 'has tolerations that stand for narrower ones',
      spec: { ...heavy, tolerations: [own] },
      want: { ...heavy, ...placed, overhead: { cpu: '250m' } },
    },
  ])
})

const namespaceWith = (annotations: Record<string, string>): Namespace => ({
  metadata: { name: 'shop', annotations },
})

describe('PodNodeSelector', () => {
  const selecting = (annotation: string | undefined, configuration: Record<string, string> = {}) => {
    const annotations: Record<string, string> =
      annotation === undefined ? {} : { 'scheduler.alpha.kubernetes.io/node-selector': annotation }
    return podNodeSelector(new FakeReader().put(namespaces, namespaceWith(annotations)), configuration)
  }
  const conflict = 'pod node label selector conflicts with its namespace node label selector'
  const rows: [title: string, plugin: AdmissionPlugin, given: Record<string, string>, want: unknown][] = [
    ['adds what the namespace says', selecting('env=test'), { zone: 'a' }, { env: 'test', zone: 'a' }],
    ['refuses what contradicts it', selecting('env=test'), { env: 'production' }, conflict],
    [
      'falls back to the cluster',
      selecting(undefined, { clusterDefaultNodeSelector: 'env=test' }),
      {},
      { env: 'test' },
    ],
    [
      'refuses what is not allowed',
      selecting(undefined, { shop: 'env=test' }),
      { zone: 'a' },
      conflict.replace(
        'selector conflicts with its namespace node label selector',
        'selector labels conflict with its namespace whitelist',
      ),
    ],
    ['refuses a selector that is none', selecting('env'), {}, 'invalid selector: [env]'],
  ]
  for (const [title, plugin, nodeSelector, want] of rows) {
    test(title, async () => {
      const spec = await created(plugin, { nodeSelector })
      assert.deepEqual(typeof spec === 'string' ? spec : spec.nodeSelector, want)
    })
  }
})

describe('PodTolerationRestriction', () => {
  const annotation = (name: string, tolerations: Toleration[]) => ({
    [`scheduler.alpha.kubernetes.io/${name}`]: JSON.stringify(tolerations),
  })
  const plugin = (annotations: Record<string, string>) =>
    podTolerationRestriction(new FakeReader().put(namespaces, namespaceWith(annotations)))
  const gpu: Toleration = { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }
  const narrow: Toleration = { key: 'gpu', operator: 'Equal', value: 'x', effect: 'NoSchedule' }

  test('adds what the namespace says, and keeps the widest', async () => {
    const spec = await created(plugin(annotation('defaultTolerations', [gpu])), { tolerations: [narrow] })
    assert.deepEqual(spec, { tolerations: [gpu] })
  })

  test('refuses what the namespace does not allow', async () => {
    const allowed = annotation('tolerationsWhitelist', [narrow])
    assert.deepEqual(await created(plugin(allowed), { tolerations: [narrow] }), { tolerations: [narrow] })
    assert.equal(
      await created(plugin(allowed), { tolerations: [gpu] }),
      'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
    )
  })
})

describe('PodTopologyLabels', () => {
  const labels = { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'b', other: 'c' }
  const reader = new FakeReader().put(nodes, { metadata: { name: 'n1', labels } })
  const topology = { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'b' }
  const labelsAfter = async (object: KubeObject, subresource = '') => {
    await refusal(podTopologyLabels(reader), write(pods, { object, subresource }))
    return object.metadata?.labels
  }
  const binding = (kind: string, name = 'n1') => ({ metadata: { name: 'a' }, target: { kind, name } }) as KubeObject

  test('are those of the node that a Pod is bound to', async () => {
    assert.deepEqual(await labelsAfter(binding('Node'), 'binding'), topology)
    assert.equal(await labelsAfter(binding('Machine'), 'binding'), undefined)
    assert.equal(await labelsAfter(binding('Node', 'gone'), 'binding'), undefined)
  })

  test('are those of the node that a Pod comes with', async () => {
    assert.deepEqual(await labelsAfter(podWith({ nodeName: 'n1' }, { app: 'web' })), { app: 'web', ...topology })
    assert.equal(await labelsAfter(podWith()), undefined)
  })
})

describe('ExtendedResourceToleration', () => {
  const requesting = (name: string): Partial<PodSpec> => ({
    containers: [{ name: 'c', resources: { requests: { [name]: '1' } } }],
  })
  rowsOf(extendedResourceToleration, [
    {
      title: 'lets a Pod onto nodes kept for what it asks for',
      spec: requesting('example.com/gpu'),
      want: { tolerations: [{ key: 'example.com/gpu', operator: 'Exists', effect: 'NoSchedule' }] },
    },
    { title: 'does nothing for what every node has', spec: requesting('cpu'), want: {} },
  ])
})

describe('LimitPodHardAntiAffinityTopology', () => {
  const apart = (topologyKey: string): Partial<PodSpec> => ({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } },
  })
  const byHost = apart('kubernetes.io/hostname')
  rowsOf(limitPodHardAntiAffinityTopology, [
    { title: 'lets Pods keep others off their node', spec: byHost, want: byHost },
    {
      title: 'does not let them keep others out of a zone',
      spec: apart('zone'),
      want: 'affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
    },
  ])
})
