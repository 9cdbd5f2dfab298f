import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serviceCIDRs, services } from '../../src/api/types/resources.ts'
import { isStatus } from '../../src/machinery/status.ts'
import { type ControllersUnderTest, startControllers } from '../support/controllers.ts'

const namespace = 'default'
const added = { metadata: { name: 'more' }, spec: { cidrs: ['10.200.0.0/24'] } }

const createService = async (cluster: ControllersUnderTest, name: string, clusterIP?: string) =>
  cluster.client.of(services).create({
    metadata: { name, namespace },
    spec: { ports: [{ port: 80 }], ...(clusterIP && { clusterIP }) },
  })

const conditionOf = async (cluster: ControllersUnderTest) =>
  (await cluster.client.of(serviceCIDRs).get('more')).status?.conditions?.[0]

test('Services get addresses of a network that is added, which stays while one of them is in use', async () => {
  const cluster = await startControllers({ names: ['service-cidr-controller'] })
  try {
    await assert.rejects(
      createService(cluster, 'early', '10.200.0.9'),
      /the provided network does not match the current range/,
    )
    const networks = cluster.client.of(serviceCIDRs)
    await networks.create(added)
    await cluster.until('it is ready', async () => (await conditionOf(cluster))?.status === 'True')
    assert.deepEqual((await networks.get('more')).metadata.finalizers, ['networking.k8s.io/service-cidr-finalizer'])
    await createService(cluster, 'web', '10.200.0.9')
    await networks.delete('more')
    await cluster.until('it is held', async () => (await conditionOf(cluster))?.reason === 'Terminating')
    await assert.rejects(createService(cluster, 'late', '10.200.0.10'), /does not match the current range/)
    await cluster.client.of(services).delete('web', { namespace })
    await cluster.until(
      'it is gone',
      async () => !(await networks.list()).items.some(({ metadata }) => metadata.name === 'more'),
    )
  } finally {
    await cluster.stop()
  }
})

test('a network within another one goes although its addresses are in use', async () => {
  const cluster = await startControllers({ names: ['service-cidr-controller'] })
  try {
    const networks = cluster.client.of(serviceCIDRs)
    await networks.create({ metadata: { name: 'wide' }, spec: { cidrs: ['10.200.0.0/16'] } })
    await networks.create(added)
    await cluster.until('it is ready', async () => (await conditionOf(cluster))?.status === 'True')
    await createService(cluster, 'web', '10.200.0.9')
    await networks.delete('more')
    await cluster.until('it is gone', () =>
      networks.get('more').then(
        () => false,
        (error) => isStatus(error, 'NotFound'),
      ),
    )
  } finally {
    await cluster.stop()
  }
})

test('an address that is taken or no host of its network is refused', async () => {
  const cluster = await startControllers({ names: [] })
  try {
    await cluster.client.of(serviceCIDRs).create(added)
    await createService(cluster, 'web', '10.200.0.9')
    await assert.rejects(createService(cluster, 'second', '10.200.0.9'), /provided IP is already allocated/)
    const broadcast = /is not in the valid range. The range of valid IPs is 10\.200\.0\.0\/24/
    await assert.rejects(createService(cluster, 'broadcast', '10.200.0.255'), broadcast)
  } finally {
    await cluster.stop()
  }
})
