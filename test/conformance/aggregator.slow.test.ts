import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { APIService } from '../../src/api/types/apiregistration/v1.ts'
import { apiServices, configMaps, namespaces, services } from '../../src/api/types/resources.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster, exists } from './api.ts'
import { type FlunderServer, flunders, startFlunderServer } from './flunder-server.ts'

const api = conformanceCluster({ components: ['apiserver'] })

const namespace = 'aggregator'
const name = `${flunders.version}.${flunders.group}`
const path = `/apis/${flunders.group}/${flunders.version}/namespaces/default/flunders`

let server: FlunderServer | undefined
after(() => server?.stop())

/** The other server, where the cluster's finds it. */
async function startServer(): Promise<FlunderServer> {
  const where = { namespace: 'kube-system' }
  const trust = await api().client.of(configMaps).get('extension-apiserver-authentication', where)
  const authority = trust.data?.['requestheader-client-ca-file'] ?? ''
  await api()
    .client.of(namespaces)
    .create({ metadata: { name: namespace } })
  const spec = { type: 'ExternalName', externalName: 'localhost' }
  await api()
    .client.of(services)
    .create({ metadata: { name: 'sample-api', namespace }, spec })
  return startFlunderServer(`sample-api.${namespace}.svc`, authority)
}

const registrations = () => api().client.of(apiServices)

async function register({ port, caBundle }: FlunderServer): Promise<void> {
  const { group, version } = flunders
  const service = { namespace, name: 'sample-api', port }
  const priorities = { groupPriorityMinimum: 2_000, versionPriority: 200 }
  const spec = { group, version, service, caBundle, ...priorities }
  await registrations().create({ metadata: { name }, spec })
  await until('the server is available', async () => {
    const { status } = await registrations().get(name)
    return status?.conditions?.some(({ type, status }) => type === 'Available' && status === 'True')
  })
}

async function assertServed(): Promise<void> {
  await until('flunders answer', async () => (await api().send({ path })).status === 200)
  const body = { apiVersion: `${flunders.group}/${flunders.version}`, kind: 'Flunder', metadata: { name: 'one' } }
  assert.equal((await api().send({ method: 'POST', path, body })).status, 201)
  assert.equal(((await api().read(path, 'items')) as object[]).length, 1)
  assert.equal((await api().send({ method: 'DELETE', path: `${path}/one` })).status, 200)
  assert.equal(((await api().read(path, 'items')) as object[]).length, 0)
  const discovered = await api().read(`/apis/${flunders.group}/${flunders.version}`, 'resources[name=flunders].kind')
  assert.equal(discovered, 'Flunder')
  assert.equal(await api().read('/apis', `groups[name=${flunders.group}].preferredVersion.version`), 'v1alpha1')
  // As the client of any kind: created and listed by what discovery says.
  const client = api().client.of(flunders)
  await client.create({ metadata: { name: 'dynamic', namespace: 'default' } })
  assert.deepEqual(
    (await client.list({ namespace: 'default' })).items.map(({ metadata }) => metadata.name),
    ['dynamic'],
  )
  await client.delete('dynamic', { namespace: 'default' })
}

test('[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly] [Conformance]', async () => {
  server = await startServer()
  await register(server)
  await assertServed()
  const available = await api().read(
    `/apis/apiregistration.k8s.io/v1/apiservices/${name}/status`,
    'status.conditions[type=Available].status',
  )
  assert.equal(available, 'True')
  const patched = await registrations().patch(name, { spec: { versionPriority: 400 } }, { type: 'merge' })
  assert.equal(patched.spec?.versionPriority, 400)
  assert.ok((await registrations().list()).items.some(({ metadata }) => metadata.name === name))
  const labels = { labels: { 'e2e-apiservice': 'patched' } }
  assert.equal(
    (await registrations().patch(name, { metadata: labels }, { type: 'merge' })).metadata.labels?.['e2e-apiservice'],
    'patched',
  )
  const change = structuredClone(await registrations().get(name)) as APIService
  const condition = { type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from a test' }
  change.status!.conditions = [...(change.status!.conditions ?? []), condition]
  await registrations().updateStatus(change)
  const updated = (await registrations().get(name)).status?.conditions
  assert.ok(updated?.some(({ type }) => type === 'StatusUpdated'))
  const replacement = structuredClone(await registrations().get(name)) as APIService
  replacement.metadata!.labels = { 'e2e-apiservice': 'updated' }
  assert.equal((await registrations().update(replacement)).metadata.labels?.['e2e-apiservice'], 'updated')
  await registrations().deleteCollection({ labelSelector: 'e2e-apiservice=updated' })
  assert.equal(await exists(registrations().get(name)), false)
  await until('flunders are served no more', async () => (await api().send({ path })).status === 404)
})
