import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition } from '../../src/api/types/apiextensions/v1.ts'
import { configMaps, customResourceDefinitions, podTemplates } from '../../src/api/types/resources.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { type Status, StatusError } from '../../src/machinery/status.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster } from './api.ts'

const api = conformanceCluster({ components: ['apiserver'] })

/** One of each group, and some of the core. */
const builtIn: readonly [group: string, version: string, resource: string][] = [
  ['', 'v1', 'namespaces'],
  ['', 'v1', 'pods'],
  ['admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'],
  ['apiextensions.k8s.io', 'v1', 'customresourcedefinitions'],
  ['apiregistration.k8s.io', 'v1', 'apiservices'],
  ['apps', 'v1', 'deployments'],
  ['authentication.k8s.io', 'v1', 'tokenreviews'],
  ['authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'],
  ['autoscaling', 'v1', 'horizontalpodautoscalers'],
  ['autoscaling', 'v2', 'horizontalpodautoscalers'],
  ['batch', 'v1', 'jobs'],
  ['certificates.k8s.io', 'v1', 'certificatesigningrequests'],
  ['coordination.k8s.io', 'v1', 'leases'],
  ['discovery.k8s.io', 'v1', 'endpointslices'],
  ['events.k8s.io', 'v1', 'events'],
  ['networking.k8s.io', 'v1', 'ingresses'],
  ['node.k8s.io', 'v1', 'runtimeclasses'],
  ['policy', 'v1', 'poddisruptionbudgets'],
  ['scheduling.k8s.io', 'v1', 'priorityclasses'],
  ['storage.k8s.io', 'v1', 'csinodes'],
]

interface Group {
  readonly name: string
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[]
  readonly preferredVersion?: { readonly groupVersion: string; readonly version: string }
}

const groups = async () => (await api().read('/apis', 'groups')) as Group[]

test('[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]', async () => {
  for (const { name, preferredVersion } of await groups()) {
    assert.ok(preferredVersion, `${name} prefers a version`)
    const own = (await api().read(`/apis/${name}`)) as Group
    assert.deepEqual(own.preferredVersion, preferredVersion)
    assert.ok(own.versions.some(({ version }) => version === preferredVersion.version))
  }
})

test('[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]', async () => {
  const all = await groups()
  for (const [name, version, resource] of builtIn.filter(([group]) => group !== '')) {
    const found = all.find((group) => group.name === name)
    assert.ok(
      found?.versions.some(({ groupVersion }) => groupVersion === `${name}/${version}`),
      name,
    )
    const list = (await api().read(`/apis/${name}/${version}`)) as {
      groupVersion: string
      resources: { name: string }[]
    }
    assert.equal(list.groupVersion, `${name}/${version}`)
    assert.ok(
      list.resources.some((each) => each.name === resource),
      `${resource} in ${name}/${version}`,
    )
  }
})

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

interface AggregatedGroup {
  readonly metadata: { readonly name?: string }
  readonly versions: readonly {
    readonly version: string
    readonly resources: readonly { readonly resource: string }[]
  }[]
}

/** `apps/v1/deployments` and so on, from a document of aggregated discovery. */
async function aggregatedResources(path: string): Promise<Set<string>> {
  const items = (await api().read(path, 'items', aggregated)) as AggregatedGroup[]
  const names = items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map(({ resource }) => `${metadata.name ?? ''}/${version}/${resource}`),
    ),
  )
  return new Set(names)
}

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]', async () => {
  const [core, others] = await Promise.all([aggregatedResources('/api'), aggregatedResources('/apis')])
  for (const [group, ...rest] of builtIn) {
    assert.ok((group === '' ? core : others).has([group, ...rest].join('/')), `${group} ${rest}`)
  }
})

/** What client-go asks with: the newest form first, and the old documents if there is nothing better. */
const negotiated = `${aggregated},application/json`

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]', async () => {
  for (const path of ['/api', '/apis']) {
    const document = (await api().read(path, '', negotiated)) as KubeObject
    assert.equal(document.kind, 'APIGroupDiscoveryList')
    assert.equal(document.apiVersion, 'apidiscovery.k8s.io/v2')
  }
  const all = new Set([...(await aggregatedResources('/api')), ...(await aggregatedResources('/apis'))])
  for (const resource of builtIn) assert.ok(all.has(resource.join('/')), resource.join('/'))
})

/** A definition of its own, with one version. */
async function define(): Promise<string> {
  const group = `${api().name('group')}.example.com`
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const definition: CustomResourceDefinition = {
    metadata: { name: `testcrds.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'testcrds', singular: 'testcrd', kind: 'testcrd', listKind: 'testcrdList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
  await api().client.of(customResourceDefinitions).create(definition)
  return `${group}/v1/testcrds`
}

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]', async () => {
  const resource = await define()
  await until('it is discovered', async () => (await aggregatedResources('/apis')).has(resource))
})

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs [Conformance]', async () => {
  const resource = await define()
  await until('it is discovered', async () => {
    const document = (await api().read('/apis', '', negotiated)) as KubeObject
    assert.equal(document.kind, 'APIGroupDiscoveryList')
    return (await aggregatedResources('/apis')).has(resource)
  })
})

test('[sig-api-machinery] server version should find the server version [Conformance]', async () => {
  const version = (await api().read('/version')) as Record<string, string>
  assert.match(version.major!, /^\d+$/)
  assert.match(version.minor!, /^\d+\+?$/)
})

test('[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]', async () => {
  const { status } = await api().send({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    body: { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } },
  })
  assert.equal(status, 406)
})

const templates = 400

const nameOf = (index: number) => `template-${String(index).padStart(4, '0')}`

/** That many in a namespace of their own. */
async function createTemplates(): Promise<string> {
  const namespace = api().name('chunks')
  await api().send({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } })
  const client = api().client.of(podTemplates)
  const template = { spec: { containers: [{ name: 'test', image: 'test2' }] } }
  const create = (index: number) => client.create({ metadata: { name: nameOf(index), namespace }, template })
  await Promise.all(Array.from({ length: templates }, (_, index) => create(index)))
  return namespace
}

interface Page {
  readonly metadata: {
    readonly continue?: string
    readonly remainingItemCount?: number
    readonly resourceVersion: string
  }
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
}

async function page(namespace: string, limit: number, token = ''): Promise<Page> {
  const path = `/api/v1/namespaces/${namespace}/podtemplates`
  const { status, body } = await api().send({
    path,
    query: { limit: String(limit), ...(token && { continue: token }) },
  })
  if (status !== 200) throw new StatusError(body as Status)
  return body as Page
}

/** Reads on to the end; what is left must add up on every page. Answers how many there were. */
async function readOn(namespace: string, limit: number, from: { page: Page; found: number }): Promise<number> {
  let { page: current, found } = from
  const { resourceVersion } = current.metadata
  for (;;) {
    const { metadata, items } = current
    assert.equal(metadata.resourceVersion, resourceVersion)
    assert.ok(items.length <= limit)
    items.forEach((item, index) => {
      assert.equal(item.metadata.name, nameOf(found + index))
    })
    found += items.length
    if (!metadata.continue) {
      assert.equal(metadata.remainingItemCount, undefined)
      return found
    }
    assert.equal(metadata.remainingItemCount! + found, templates)
    current = await page(namespace, limit, metadata.continue)
  }
}

test('[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]', async () => {
  const namespace = await createTemplates()
  for (const limit of [1 + Math.floor(templates / 7), templates / 4, templates]) {
    assert.equal(await readOn(namespace, limit, { page: await page(namespace, limit), found: 0 }), templates)
  }
  assert.equal((await page(namespace, templates + 1)).items.length, templates)
})

/** The store keeps the past only as long as it takes not too much room. */
async function writeMuch(namespace: string): Promise<void> {
  const metadata = { name: 'much', namespace }
  const data = { much: api().name('x').repeat(100_000) }
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
  await api().client.of(configMaps).patch('much', applied, { namespace, type: 'apply', fieldManager: 'test' })
}

test('[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow] [Conformance]', async () => {
  const namespace = await createTemplates()
  const limit = templates / 10
  const first = await page(namespace, limit)
  const expired = await until('the past is forgotten', async () => {
    await writeMuch(namespace)
    return page(namespace, limit, first.metadata.continue).then(
      () => false as const,
      (error: unknown) => error instanceof StatusError && error,
    )
  })
  assert.equal(expired.status.code, 410)
  assert.equal(expired.status.reason, 'Expired')
  const token = (expired.status as { metadata?: { continue?: string } }).metadata?.continue
  assert.ok(token)
  const second = await page(namespace, limit, token)
  assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion)
  assert.equal(second.items.length, limit)
  assert.equal(await readOn(namespace, limit, { page: second, found: limit }), templates)
})
