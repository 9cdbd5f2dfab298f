import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type {
  Container,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
  Service,
  ServiceSpec,
} from '../../api/types/core/v1.ts'
import {
  configMaps,
  deployments,
  events,
  persistentVolumeClaims,
  pods,
  resourceQuotas,
  services,
} from '../../api/types/resources.ts'
import { StatusError } from '../../machinery/status.ts'
import type { AdmissionAttributes } from './admission.ts'
import { resourceQuota } from './resource-quota.ts'

type Amounts = Record<string, string>

interface Quota {
  readonly hard: Amounts
  readonly used?: Amounts
  readonly scopes?: string[]
  readonly selector?: ScopedResourceSelectorRequirement
}

/** One that nothing has been taken of yet, unless given. */
function setUp(
  { hard, used, scopes, selector }: Quota,
  writes: (attempt: number) => Error | undefined = () => undefined,
) {
  const spec: ResourceQuotaSpec = {
    hard,
    ...(scopes && { scopes }),
    ...(selector && { scopeSelector: { matchExpressions: [selector] } }),
  }
  const none = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']))
  const status = { hard, used: used ?? none }
  const reader = new FakeReader().put(resourceQuotas, { metadata: { name: 'q', namespace: 'shop' }, spec, status })
  const written: Amounts[] = []
  let attempts = 0
  const plugin = resourceQuota({
    reader,
    nowMs: () => Date.parse('2026-01-01T00:01:00Z'),
    updateQuotaStatus: async (_quota, after) => {
      const error = writes(++attempts)
      if (error) throw error
      written.push(after)
    },
  })
  return { plugin, written, attempts: () => attempts }
}

const container = (requests?: Amounts, limits?: Amounts): Container => {
  return { name: 'c', resources: { ...(requests && { requests }), ...(limits && { limits }) } }
}
const podWith = (spec: Partial<PodSpec> = {}, rest: Partial<Pod> = {}): Pod => {
  return { metadata: { name: 'a' }, spec: { containers: [{ name: 'c' }], ...spec }, ...rest }
}
const withCpu = (cpu: string) => podWith({ containers: [container({ cpu })] })
const newPod = (spec: Partial<PodSpec> = {}, rest: Partial<Pod> = {}) => write(pods, { object: podWith(spec, rest) })
const update = (object: Pod, oldObject: Pod, subresource = '') =>
  write(pods, { operation: 'UPDATE', subresource, object, oldObject: oldObject as never })
const service = (spec: ServiceSpec): Service => ({ metadata: { name: 'a' }, spec })
const claim = (storage: string, storageClassName?: string): PersistentVolumeClaim => ({
  metadata: { name: 'a' },
  spec: { resources: { requests: { storage } }, ...(storageClassName && { storageClassName }) },
})
const configMap = write(configMaps, { object: { metadata: { name: 'a' } } })

/** What a quota has afterwards of its resources, or why the write is refused. */
async function charged(quota: Quota, attributes: AdmissionAttributes): Promise<Amounts | string | undefined> {
  const { plugin, written } = setUp(quota)
  const message = await refusal(plugin, attributes)
  if (message !== undefined) return message.replace(/^.* "a" is forbidden: /, '')
  return written.at(-1)
}

describe('ResourceQuota', () => {
  const four = { pods: '4' }
  const affinity = {
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', namespaces: ['x'] }] },
  }
  const byClass = (operator: string, values?: string[]) => {
    return { scopeName: 'PriorityClass', operator, ...(values && { values }) }
  }
  const one = { pods: '1' }
  const rows: [title: string, quota: Quota, attributes: AdmissionAttributes, want: Amounts | string | undefined][] = [
    ['counts Pods', { hard: four, used: { pods: '1' } }, newPod(), { pods: '2' }],
    [
      'refuses one Pod too many',
      { hard: { pods: '2' }, used: { pods: '2' } },
      newPod(),
      'exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    ],
    [
      'names all that is exceeded',
      { hard: { pods: '0', 'requests.cpu': '100m', 'count/pods': '9' } },
      write(pods, { object: withCpu('1') }),
      'exceeded quota: q, requested: pods=1,requests.cpu=1, used: pods=0,requests.cpu=0, limited: pods=0,requests.cpu=100m',
    ],
    [
      'takes amounts under all of their names',
      {
        hard: { cpu: '2', 'requests.cpu': '2', 'limits.memory': '2Gi' },
        used: { cpu: '1', 'requests.cpu': '1', 'limits.memory': '1Gi' },
      },
      write(pods, { object: podWith({ containers: [container({ cpu: '500m' }, { memory: '512Mi' })] }) }),
      { cpu: '1500m', 'requests.cpu': '1500m', 'limits.memory': '1536Mi' },
    ],
    [
      'counts devices by their requests',
      { hard: { 'requests.example.com/gpu': '2' } },
      write(pods, { object: podWith({ containers: [container({ 'example.com/gpu': '1' })] }) }),
      { 'requests.example.com/gpu': '1' },
    ],
    [
      'wants amounts to be stated',
      { hard: { 'limits.memory': '1Gi', 'requests.cpu': '1' } },
      newPod(),
      'failed quota: q: must specify limits.memory for: c; requests.cpu for: c',
    ],
    [
      'takes amounts of the whole Pod for stated',
      { hard: { 'requests.cpu': '1' } },
      newPod({ resources: { requests: { cpu: '300m' } } }),
      { 'requests.cpu': '300m' },
    ],
    [
      'does not know what is used before it was counted',
      { hard: { pods: '4', cpu: '1' }, used: { cpu: '0' } },
      write(pods, { object: withCpu('1') }),
      'status unknown for quota: q, resources: cpu,pods',
    ],
    [
      'counts Pods that have ended as objects alone',
      { hard: { pods: '4', 'count/pods': '4' } },
      newPod({}, { status: { phase: 'Succeeded' } }),
      { pods: '0', 'count/pods': '1' },
    ],
    [
      'counts no Pod that should be gone',
      { hard: four },
      newPod(
        {},
        { metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 } },
      ),
      undefined,
    ],
    ['has nothing to do with other kinds', { hard: four }, configMap, undefined],
    ['counts objects by name', { hard: { configmaps: '1' } }, configMap, { configmaps: '1' }],
    ['counts objects of any kind', { hard: { 'count/configmaps': '1' } }, configMap, { 'count/configmaps': '1' }],
    [
      'counts objects of groups',
      { hard: { 'count/deployments.apps': '1' } },
      write(deployments, { object: { metadata: { name: 'a' }, spec: {} } as never }),
      { 'count/deployments.apps': '1' },
    ],
    [
      'counts no events',
      { hard: { 'count/events': '0' } },
      write(events, { object: { metadata: { name: 'a' } } }),
      undefined,
    ],
    [
      'counts ports of nodes',
      { hard: { services: '2', 'services.nodeports': '2', 'services.loadbalancers': '1' } },
      write(services, { object: service({ type: 'LoadBalancer', ports: [{ port: 1 }, { port: 2 }] }) }),
      { services: '1', 'services.nodeports': '2', 'services.loadbalancers': '1' },
    ],
    [
      'counts ports that come with an update',
      { hard: { 'services.nodeports': '5' }, used: { 'services.nodeports': '1' } },
      write(services, {
        operation: 'UPDATE',
        object: service({ type: 'NodePort', ports: [{ port: 1 }, { port: 2 }] }),
        oldObject: service({ type: 'NodePort', ports: [{ port: 1 }] }) as never,
      }),
      { 'services.nodeports': '2' },
    ],
    [
      'counts storage, in all and by class',
      { hard: { 'requests.storage': '5Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '1Gi' } },
      write(persistentVolumeClaims, { object: claim('2Gi', 'fast') }),
      'exceeded quota: q, requested: fast.storageclass.storage.k8s.io/requests.storage=2Gi, used: fast.storageclass.storage.k8s.io/requests.storage=0, limited: fast.storageclass.storage.k8s.io/requests.storage=1Gi',
    ],
    [
      'counts what a claim grows',
      { hard: { 'requests.storage': '5Gi' }, used: { 'requests.storage': '1Gi' } },
      write(persistentVolumeClaims, { operation: 'UPDATE', object: claim('3Gi'), oldObject: claim('1Gi') as never }),
      { 'requests.storage': '3Gi' },
    ],
    ['takes nothing for updates of Pods', { hard: four }, update(withCpu('2'), withCpu('1')), undefined],
    [
      'takes what a Pod is resized by',
      { hard: { 'requests.cpu': '3' }, used: { 'requests.cpu': '1' } },
      update(withCpu('2'), withCpu('1'), 'resize'),
      { 'requests.cpu': '2' },
    ],
    [
      'gives nothing back, which is for the controller to do',
      { hard: { 'requests.cpu': '3' }, used: { 'requests.cpu': '2' } },
      update(withCpu('1'), withCpu('2'), 'resize'),
      undefined,
    ],
    [
      'Terminating: Pods with a deadline',
      { hard: four, scopes: ['Terminating'] },
      newPod({ activeDeadlineSeconds: 9 }),
      one,
    ],
    ['Terminating: no others', { hard: four, scopes: ['Terminating'] }, newPod(), undefined],
    ['NotTerminating: Pods without a deadline', { hard: four, scopes: ['NotTerminating'] }, newPod(), one],
    [
      'NotTerminating: no others',
      { hard: four, scopes: ['NotTerminating'] },
      newPod({ activeDeadlineSeconds: 9 }),
      undefined,
    ],
    [
      'takes all of a Pod that comes into its scope',
      { hard: { pods: '1' }, scopes: ['Terminating'] },
      update(podWith({ activeDeadlineSeconds: 9 }), podWith()),
      one,
    ],
    ['BestEffort: Pods that ask for nothing', { hard: four, scopes: ['BestEffort'] }, newPod(), one],
    ['BestEffort: no others', { hard: four, scopes: ['BestEffort'] }, write(pods, { object: withCpu('1') }), undefined],
    [
      'NotBestEffort: Pods that ask for something',
      { hard: four, scopes: ['NotBestEffort'] },
      write(pods, { object: withCpu('1') }),
      one,
    ],
    ['NotBestEffort: no others', { hard: four, scopes: ['NotBestEffort'] }, newPod(), undefined],
    [
      'CrossNamespacePodAffinity: Pods that ask about others',
      { hard: four, scopes: ['CrossNamespacePodAffinity'] },
      newPod({ affinity }),
      one,
    ],
    [
      'CrossNamespacePodAffinity: no others',
      { hard: four, scopes: ['CrossNamespacePodAffinity'] },
      newPod(),
      undefined,
    ],
    [
      'PriorityClass In: those named',
      { hard: four, selector: byClass('In', ['high']) },
      newPod({ priorityClassName: 'high' }),
      one,
    ],
    [
      'PriorityClass In: no others',
      { hard: four, selector: byClass('In', ['high']) },
      newPod({ priorityClassName: 'low' }),
      undefined,
    ],
    [
      'PriorityClass NotIn: others',
      { hard: four, selector: byClass('NotIn', ['high']) },
      newPod({ priorityClassName: 'low' }),
      one,
    ],
    ['PriorityClass NotIn: those without', { hard: four, selector: byClass('NotIn', ['high']) }, newPod(), one],
    [
      'PriorityClass Exists: those with one',
      { hard: four, selector: byClass('Exists') },
      newPod({ priorityClassName: 'x' }),
      one,
    ],
    ['PriorityClass DoesNotExist: those without', { hard: four, selector: byClass('DoesNotExist') }, newPod(), one],
    ['all of several scopes', { hard: four, scopes: ['BestEffort', 'Terminating'] }, newPod(), undefined],
  ]
  for (const [title, quota, attributes, want] of rows) {
    test(title, async () => assert.deepEqual(await charged(quota, attributes), want))
  }

  test('takes nothing for a dry run', async () => {
    const { plugin, written } = setUp({ hard: four })
    await refusal(plugin, write(pods, { object: podWith(), dryRun: true }))
    assert.deepEqual(written, [])
  })

  const lost = () => new StatusError({ code: 409, reason: 'Conflict', message: 'lost' })

  test('tries again when somebody else was faster', async () => {
    const { plugin, written, attempts } = setUp({ hard: four }, (attempt) => (attempt < 3 ? lost() : undefined))
    assert.equal(await refusal(plugin, newPod()), undefined)
    assert.deepEqual([attempts(), written], [3, [one]])
  })

  test('gives up when somebody else always is', async () => {
    const { plugin, attempts } = setUp({ hard: four }, lost)
    assert.equal(await refusal(plugin, newPod()), 'lost')
    assert.equal(attempts(), 4)
  })
})
