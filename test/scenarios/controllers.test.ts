import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, Service } from '../../src/api/types/core/v1.ts'
import {
  clusterRoles,
  configMaps,
  endpointSlices,
  endpoints,
  leases,
  namespaces,
  nodes,
  pods,
  replicaSets,
  replicationControllers,
  secrets,
  serviceAccounts,
  services,
} from '../../src/api/types/resources.ts'
import type { OwnerReference } from '../../src/machinery/object.ts'
import { isStatus } from '../../src/machinery/status.ts'
import { formatMicroTime, formatTime } from '../../src/machinery/time.ts'
import { type ControllersUnderTest, type StartControllersOptions, startControllers } from '../support/controllers.ts'

const namespace = 'default'

async function start(options: StartControllersOptions): Promise<ControllersUnderTest> {
  const cluster = await startControllers(options)
  await cluster.client.of(namespaces).create({ metadata: { name: namespace } })
  return cluster
}

async function gone(read: Promise<unknown>): Promise<boolean> {
  try {
    await read
    return false
  } catch (error) {
    if (isStatus(error, 'NotFound')) return true
    throw error
  }
}

const pod = (name: string, extra: Partial<Pod> & { labels?: Record<string, string> } = {}): Pod => ({
  metadata: { name, namespace, labels: extra.labels ?? { app: 'web' }, ...extra.metadata },
  spec: {
    containers: [{ name: 'web', image: 'web:1', ports: [{ name: 'http', containerPort: 8080 }] }],
    ...extra.spec,
  },
})

const service: Service = {
  metadata: { name: 'web', namespace, labels: { team: 'a' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], clusterIP: '10.0.0.10' },
}

test('ReplicationControllers keep their Pods as ReplicaSets do', async () => {
  const cluster = await start({ names: ['replication-controller'] })
  const { client, until, stop } = cluster
  const template = { metadata: { labels: { app: 'old' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const object = { metadata: { name: 'old', namespace }, spec: { replicas: 2, selector: { app: 'old' }, template } }
  await client.of(replicationControllers).create(object)
  await until('two ready Pods', async () => {
    const { status } = await client.of(replicationControllers).get('old', { namespace })
    return status?.readyReplicas === 2 && status.availableReplicas === 2
  })
  await stop()
})

test('a Service shows its ready Pods in Endpoints and an EndpointSlice, and follows them', async () => {
  const cluster = await start({ names: ['endpointslice-controller', 'endpoints-controller'] })
  const { client, until, stop } = cluster
  await client.of(services).create(service)
  for (const name of ['a', 'b']) await client.of(pods).create(pod(name))
  const readySlices = async () => {
    const { items } = await client.of(endpointSlices).list({ namespace })
    return items.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready)
  }
  await until('two endpoints', async () => (await readySlices()).length === 2)
  const { items } = await client.of(endpointSlices).list({ namespace })
  assert.equal(items.length, 1)
  assert.deepEqual(
    items[0]?.ports?.map(({ name, port, protocol }) => ({ name, port, protocol })),
    [{ name: 'http', port: 8080, protocol: 'TCP' }],
  )
  assert.deepEqual(items[0]?.metadata.labels, {
    team: 'a',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  })
  const addresses = async () => {
    const { subsets = [] } = await client.of(endpoints).get('web', { namespace })
    return subsets.flatMap((subset) => subset.addresses ?? []).length
  }
  await until('two addresses', async () => (await addresses()) === 2)
  await client.of(pods).delete('a', { namespace, gracePeriodSeconds: 0 })
  await until('one endpoint', async () => (await readySlices()).length === 1 && (await addresses()) === 1)
  await client.of(services).delete('web', { namespace })
  await until('no Endpoints', () => gone(client.of(endpoints).get('web', { namespace })))
  await stop()
})

test('a Service without Pods has one empty slice', async () => {
  const cluster = await start({ names: ['endpointslice-controller'] })
  const { client, until, stop, clock } = cluster
  await client.of(services).create(service)
  await until('the slice', async () => (await client.of(endpointSlices).list({ namespace })).items.length === 1)
  await clock.advanceMs(5000)
  const { items } = await client.of(endpointSlices).list({ namespace })
  assert.deepEqual(
    items.map(({ endpoints, ports }) => [endpoints?.length ?? 0, ports?.length ?? 0]),
    [[0, 0]],
  )
  await stop()
})

test('each namespace gets the ServiceAccount default and the root certificate, also after they were deleted', async () => {
  const names = ['service-account-controller', 'root-ca-certificate-publisher-controller']
  const cluster = await start({ names })
  const { client, until, stop } = cluster
  const both = async () =>
    !(await gone(client.of(serviceAccounts).get('default', { namespace }))) &&
    !(await gone(client.of(configMaps).get('kube-root-ca.crt', { namespace })))
  await until('both', both)
  assert.deepEqual((await client.of(configMaps).get('kube-root-ca.crt', { namespace })).data, {
    'ca.crt': 'test authority',
  })
  await client.of(serviceAccounts).delete('default', { namespace })
  await client.of(configMaps).delete('kube-root-ca.crt', { namespace })
  await until('both again', both)
  await stop()
})

test('a deleted namespace is emptied and goes', async () => {
  const cluster = await start({ names: ['namespace-controller'] })
  const { client, until, stop } = cluster
  await client.of(configMaps).create({ metadata: { name: 'c', namespace }, data: { a: 'b' } })
  await client.of(secrets).create({ metadata: { name: 's', namespace } })
  await client.of(pods).create(pod('p'))
  await client.of(namespaces).delete(namespace)
  await until('the namespace is gone', () => gone(client.of(namespaces).get(namespace)))
  assert.deepEqual((await client.of(configMaps).list()).items, [])
  assert.deepEqual((await client.of(pods).list()).items, [])
  await stop()
})

test('a finalizer holds a namespace back, and the conditions say which', async () => {
  const cluster = await start({ names: ['namespace-controller'] })
  const { client, until, stop } = cluster
  await client.of(configMaps).create({ metadata: { name: 'c', namespace, finalizers: ['example.com/hold'] } })
  await client.of(namespaces).delete(namespace)
  const condition = async (type: string) =>
    (await client.of(namespaces).get(namespace)).status?.conditions?.find((found) => found.type === type)
  await until('the condition', async () => (await condition('NamespaceFinalizersRemaining'))?.status === 'True')
  assert.equal(
    (await condition('NamespaceFinalizersRemaining'))?.message,
    'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
  )
  assert.equal(
    (await condition('NamespaceContentRemaining'))?.message,
    'Some resources are remaining: configmaps. has 1 resource instances',
  )
  const held = structuredClone(await client.of(configMaps).get('c', { namespace }))
  await client.of(configMaps).update({ ...held, metadata: { ...held.metadata, finalizers: [] } } as never)
  await until('the namespace is gone', () => gone(client.of(namespaces).get(namespace)))
  await stop()
})

const ownedBy = (owner: { metadata: { name: string; uid: string } }, blockOwnerDeletion = true): OwnerReference[] => [
  { apiVersion: 'v1', kind: 'ConfigMap', name: owner.metadata.name, uid: owner.metadata.uid, blockOwnerDeletion },
]

for (const policy of ['Background', 'Foreground'] as const) {
  test(`deleting an owner in the ${policy.toLowerCase()} takes its dependants and theirs along`, async () => {
    const cluster = await start({ names: ['garbage-collector-controller'] })
    const { client, until, stop } = cluster
    const maps = client.of(configMaps)
    const owner = await maps.create({ metadata: { name: 'owner', namespace } })
    const child = await maps.create({ metadata: { name: 'child', namespace, ownerReferences: ownedBy(owner) } })
    await maps.create({ metadata: { name: 'grandchild', namespace, ownerReferences: ownedBy(child) } })
    await maps.create({ metadata: { name: 'bystander', namespace } })
    await cluster.clock.advanceMs(1000)
    await maps.delete('owner', { namespace, propagationPolicy: policy })
    await until('only the bystander is left', async () => {
      const { items } = await maps.list({ namespace })
      if (policy === 'Foreground' && items.some(({ metadata }) => metadata.name === 'grandchild')) {
        assert.ok(
          items.some(({ metadata }) => metadata.name === 'owner'),
          'the owner went before its dependants',
        )
      }
      return items.length === 1 && items[0]?.metadata.name === 'bystander'
    })
    await stop()
  })
}

test('orphaning leaves the dependants there, without the reference', async () => {
  const cluster = await start({ names: ['garbage-collector-controller'] })
  const { client, until, stop } = cluster
  const maps = client.of(configMaps)
  const owner = await maps.create({ metadata: { name: 'owner', namespace } })
  await maps.create({ metadata: { name: 'child', namespace, ownerReferences: ownedBy(owner) } })
  await cluster.clock.advanceMs(1000)
  await maps.delete('owner', { namespace, propagationPolicy: 'Orphan' })
  await until('the owner is gone', () => gone(maps.get('owner', { namespace })))
  await cluster.clock.advanceMs(5000)
  assert.deepEqual((await maps.get('child', { namespace })).metadata.ownerReferences ?? [], [])
  await stop()
})

test('an object whose owner never existed goes; one with a second owner that is there stays and forgets the first', async () => {
  const cluster = await start({ names: ['garbage-collector-controller'] })
  const { client, until, stop } = cluster
  const maps = client.of(configMaps)
  const [lost] = ownedBy({ metadata: { name: 'nobody', uid: '00000000-0000-4000-8000-000000000000' } })
  const owner = await maps.create({ metadata: { name: 'owner', namespace } })
  await maps.create({ metadata: { name: 'stray', namespace, ownerReferences: [lost!] } })
  await maps.create({ metadata: { name: 'shared', namespace, ownerReferences: [lost!, ...ownedBy(owner)] } })
  await until('the stray is gone', () => gone(maps.get('stray', { namespace })))
  await until('the lost reference is dropped', async () => {
    const { metadata } = await maps.get('shared', { namespace })
    return metadata.ownerReferences?.length === 1 && metadata.ownerReferences[0]?.name === 'owner'
  })
  await stop()
})

const toleration = (key: string, tolerationSeconds: number) =>
  ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds }) as const

test('a node that falls silent is tainted, and its Pods go when they no longer tolerate it', async () => {
  const names = ['node-lifecycle-controller', 'taint-eviction-controller']
  const cluster = await start({ names, runPods: false })
  const { client, clock, until, stop } = cluster
  const conditions = () => [
    {
      type: 'Ready',
      status: 'True',
      lastHeartbeatTime: formatTime(clock.nowMs()),
      lastTransitionTime: formatTime(clock.nowMs()),
    },
  ]
  await client.of(namespaces).create({ metadata: { name: 'kube-node-lease' } })
  for (const name of ['silent', 'alive']) {
    const node = await client.of(nodes).create({ metadata: { name } })
    await client
      .of(nodes)
      .updateStatus({ ...(structuredClone(node) as object), status: { conditions: conditions() } } as never)
    const spec = { holderIdentity: name, renewTime: formatMicroTime(clock.nowMs()), leaseDurationSeconds: 40 }
    await client.of(leases).create({ metadata: { name, namespace: 'kube-node-lease' }, spec })
  }
  const tolerations = [toleration('node.kubernetes.io/unreachable', 60)]
  await client.of(pods).create(pod('short', { spec: { ...pod('x').spec!, nodeName: 'silent', tolerations } }))
  await client
    .of(pods)
    .create(pod('forever', { spec: { ...pod('x').spec!, nodeName: 'silent', tolerations: [{ operator: 'Exists' }] } }))
  const taintsOf = async (name: string) =>
    (await client.of(nodes).get(name)).spec?.taints?.map(({ key, effect }) => `${key}:${effect}`) ?? []
  const renew = async () => {
    const lease = structuredClone(await client.of(leases).get('alive', { namespace: 'kube-node-lease' }))
    const spec = { ...lease.spec, renewTime: formatMicroTime(clock.nowMs()) }
    await client.of(leases).update({ ...lease, spec } as never)
  }
  let renewedMs = clock.nowMs()
  const alive = async () => {
    if (clock.nowMs() - renewedMs < 10_000) return
    renewedMs = clock.nowMs()
    await renew()
  }
  await until('both taints', async () => {
    await alive()
    return (await taintsOf('silent')).length === 2
  })
  assert.deepEqual((await taintsOf('silent')).sort(), [
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unreachable:NoSchedule',
  ])
  assert.equal(
    (await client.of(nodes).get('silent')).status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    'Unknown',
  )
  await until('the Pod with a limit is deleted', async () => {
    await alive()
    const read = client.of(pods).get('short', { namespace })
    return (await gone(read)) || (await read).metadata.deletionTimestamp !== undefined
  })
  assert.equal((await client.of(pods).get('forever', { namespace })).metadata.deletionTimestamp, undefined)
  assert.deepEqual(await taintsOf('alive'), [])
  await stop()
})

test('Pods of a node that is gone are failed and removed', async () => {
  const cluster = await start({ names: ['pod-garbage-collector-controller'], runPods: false })
  const { client, until, stop } = cluster
  await client.of(pods).create(pod('lost', { spec: { ...pod('x').spec!, nodeName: 'nowhere' } }))
  await until('the Pod is gone', () => gone(client.of(pods).get('lost', { namespace })))
  await stop()
})

test('each node gets a range of its own', async () => {
  const cluster = await start({ names: ['node-ipam-controller'], clusterCidrs: ['10.244.0.0/16'] })
  const { client, until, stop } = cluster
  for (const name of ['n1', 'n2', 'n3']) await client.of(nodes).create({ metadata: { name } })
  const ranges = async () => (await client.of(nodes).list()).items.map(({ spec }) => spec?.podCIDR)
  await until('all have one', async () => (await ranges()).every((range) => range !== undefined))
  assert.deepEqual((await ranges()).sort(), ['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24'])
  await stop()
})

test('an aggregated role has the rules of those it selects, also of later ones', async () => {
  const cluster = await start({ names: ['clusterrole-aggregation-controller'] })
  const { client, until, stop } = cluster
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] })
  const labels = { aggregate: 'yes' }
  await client.of(clusterRoles).create({
    metadata: { name: 'sum' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] },
    rules: [],
  })
  await client.of(clusterRoles).create({ metadata: { name: 'b', labels }, rules: [rule('pods')] })
  const resources = async () =>
    (await client.of(clusterRoles).get('sum')).rules?.flatMap(({ resources = [] }) => resources)
  await until('the first rule', async () => (await resources())?.join() === 'pods')
  await client.of(clusterRoles).create({ metadata: { name: 'a', labels }, rules: [rule('secrets'), rule('pods')] })
  await until('both rules, in order of the names', async () => (await resources())?.join() === 'secrets,pods')
  await stop()
})

test('scaling down gives up Pods that are not ready first', async () => {
  const cluster = await start({ names: ['replicaset-controller'], runPods: true })
  const { client, until, stop } = cluster
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template }
  await client.of(replicaSets).create({ metadata: { name: 'web', namespace }, spec })
  await until(
    'three ready',
    async () => (await client.of(replicaSets).get('web', { namespace })).status?.readyReplicas === 3,
  )
  const [victim] = (await client.of(pods).list({ namespace })).items
  const sick = structuredClone(victim) as Pod
  sick.status!.conditions![0]!.status = 'False'
  await client.of(pods).updateStatus(sick)
  await until(
    'two ready',
    async () => (await client.of(replicaSets).get('web', { namespace })).status?.readyReplicas === 2,
  )
  const draft = structuredClone(await client.of(replicaSets).get('web', { namespace }))
  await client.of(replicaSets).update({ ...draft, spec: { ...draft.spec, replicas: 2 } } as never)
  await until('two left', async () => (await client.of(pods).list({ namespace })).items.length === 2)
  assert.ok(await gone(client.of(pods).get(victim!.metadata.name, { namespace })))
  await stop()
})
