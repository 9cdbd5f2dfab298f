import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type ConversionWebhook, startConversionWebhook } from '../../../test/support/conversion-webhook.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import type { CustomResourceDefinition, WebhookClientConfig } from '../../api/types/apiextensions/v1.ts'
import {
  configMaps,
  customResourceDefinitions,
  namespaces,
  services,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../api/types/resources.ts'
import type { ApiWatchEvent } from '../../client/transport.ts'
import { Cluster } from '../../cluster/embedded.ts'
import type { KubeObject } from '../../machinery/object.ts'

interface Endpoint extends KubeObject {
  readonly hostPort?: string
  readonly host?: string
  readonly port?: string
  readonly spec?: { readonly replicas?: number }
  readonly status?: { readonly ready?: boolean; readonly replicas?: number }
}

const group = 'shop.example.com'
const resource = (version: string): ResourceRef<Endpoint> => ({
  group,
  version,
  plural: 'endpoints',
  kind: 'Endpoint',
  namespaced: true,
})

let cluster: Cluster
let webhook: ConversionWebhook

before(async () => {
  cluster = await Cluster.start({ components: ['apiserver'] })
  webhook = await startConversionWebhook(['hook.shop.svc'])
  await cluster.client.of(namespaces).create({ metadata: { name: 'shop' } })
  const hook = {
    metadata: { name: 'hook', namespace: 'shop' },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  }
  await cluster.client.of(services).create(hook)
})

after(async () => {
  await cluster?.stop()
  await webhook?.stop()
})

beforeEach(async () => {
  webhook.failure = undefined
  webhook.held = undefined
  await define({ storage: 'v1' })
  await v1().deleteCollection({ namespace: 'shop' })
  webhook.calls.length = 0
})

const v1 = () => cluster.client.of(resource('v1'))
const v2 = () => cluster.client.of(resource('v2'))
const inShop = { namespace: 'shop' }
const named = (name: string, fields: object): Endpoint => ({ metadata: { name, ...inShop }, ...fields })

interface Definition {
  readonly storage: 'v1' | 'v2'
  readonly clientConfig?: WebhookClientConfig
}

/** Makes the definition, or changes it. What it says counts from when this is done. */
async function define({ storage, clientConfig }: Definition): Promise<void> {
  const text = { type: 'string' }
  const shared = {
    spec: { type: 'object', properties: { replicas: { type: 'integer' } } },
    status: { type: 'object', properties: { ready: { type: 'boolean' }, replicas: { type: 'integer' } } },
  }
  const version = (name: string, properties: object) => ({
    name,
    served: true,
    storage: name === storage,
    schema: { openAPIV3Schema: { type: 'object', properties: { ...shared, ...properties } } },
    subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
    selectableFields: [{ jsonPath: name === 'v1' ? '.hostPort' : '.host' }],
  })
  const url = `https://localhost:${webhook.port}/convert`
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `endpoints.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'endpoints', kind: 'Endpoint' },
      versions: [version('v1', { hostPort: text }), version('v2', { host: text, port: text })],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1'],
          clientConfig: { caBundle: webhook.caBundle, ...(clientConfig ?? { url }) },
        },
      },
    },
  } as unknown as CustomResourceDefinition
  const definitions = cluster.client.of(customResourceDefinitions)
  await definitions.patch(definition.metadata!.name!, definition, { type: 'apply', fieldManager: 'test', force: true })
  for (;;) {
    const { status } = (await definitions.get(definition.metadata!.name!))!
    if (status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return
    await setImmediate()
  }
}

test('an object of one version is served in the other', async () => {
  await v1().create(named('a', { hostPort: 'localhost:8080' }))
  assert.deepEqual(webhook.calls, [], 'nothing is converted that is served as it is stored')
  const { host, port, hostPort, apiVersion } = (await v2().get('a', inShop))!
  assert.deepEqual(
    { host, port, hostPort, apiVersion },
    {
      host: 'localhost',
      port: '8080',
      hostPort: undefined,
      apiVersion: `${group}/v2`,
    },
  )
  await v2().get('a', inShop)
  assert.deepEqual(webhook.calls, [1], 'and converted once')
})

test('an object is stored in the storage version, whichever it was written in', async () => {
  const created = await v2().create(named('a', { host: 'h', port: '1' }))
  assert.deepEqual([created.host, created.port, created.apiVersion], ['h', '1', `${group}/v2`])
  assert.deepEqual(webhook.calls, [1, 1], 'there and back')
  const stored = (await v1().get('a', inShop))!
  assert.equal(stored.hostPort, 'h:1')
  assert.equal(webhook.calls.length, 2)
  const updated = await v2().update({ ...(created as Endpoint), port: '2' })
  assert.equal(updated.port, '2')
  assert.equal((await v1().get('a', inShop))!.hostPort, 'h:2')
  assert.equal((await v2().update(updated as Endpoint)).metadata.resourceVersion, updated.metadata.resourceVersion)
})

test('every kind of write passes the conversion', async () => {
  await v1().create(named('a', { hostPort: 'h:1', spec: { replicas: 1 } }))
  const stored = async () => (await v1().get('a', inShop))!
  await v2().patch('a', { port: '2' }, { type: 'merge', ...inShop })
  assert.equal((await stored()).hostPort, 'h:2')
  await v2().patch('a', [{ op: 'replace', path: '/host', value: 'i' }], { type: 'json', ...inShop })
  assert.equal((await stored()).hostPort, 'i:2')
  const applied = { apiVersion: `${group}/v2`, kind: 'Endpoint', host: 'j', port: '3' }
  await v2().patch('a', applied, { type: 'apply', fieldManager: 'x', force: true, ...inShop })
  assert.equal((await stored()).hostPort, 'j:3')
  await v2().updateStatus({ ...((await v2().get('a', inShop)) as Endpoint), status: { ready: true, replicas: 4 } })
  assert.deepEqual((await stored()).status, { ready: true, replicas: 4 })
  const path = `/apis/${group}/v2/namespaces/shop/endpoints/a/scale`
  const body = { spec: { replicas: 7 } }
  const { status } = await cluster.client.transport.request({
    method: 'PATCH',
    path,
    body,
    contentType: 'application/merge-patch+json',
  })
  assert.equal(status, 200)
  assert.equal((await stored()).spec?.replicas, 7)
  const dry = await v2().create(named('b', { host: 'h', port: '1' }), { dryRun: true })
  assert.equal(dry.host, 'h')
  await v2().delete('a', inShop)
  await assert.rejects(stored, /not found/)
})

test('a patch cannot make an object another version or kind', async () => {
  await v1().create(named('a', { hostPort: 'h:1' }))
  const patched = (body: object) => v1().patch('a', body, { type: 'merge', ...inShop })
  await assert.rejects(patched({ apiVersion: `${group}/v2` }), {
    message: `Endpoint.${group} "a" is invalid: apiVersion: Invalid value: "${group}/v2": must be ${group}/v1`,
  })
  await assert.rejects(patched({ kind: 'Other' }), {
    message: `Other.${group} "a" is invalid: kind: Invalid value: "Other": must be Endpoint`,
  })
  await assert.rejects(patched({ kind: null }), /patch: Invalid value: .* Object 'Kind' is missing in/)
  assert.deepEqual(webhook.calls, [])
})

test('managers of a version own the fields of that version', async () => {
  const apply = (version: string, manager: string, fields: object, force = false) => {
    const metadata = { name: 'a' }
    const applied = { apiVersion: `${group}/${version}`, kind: 'Endpoint', metadata, ...fields }
    const client = version === 'v1' ? v1() : v2()
    return client.patch('a', applied, { type: 'apply', fieldManager: manager, force, ...inShop })
  }
  const ownedBy = async (manager: string) => {
    const entry = (await v1().get('a', inShop)).metadata.managedFields?.find((one) => one.manager === manager)
    return entry && Object.keys(entry.fieldsV1 ?? {}).filter((field) => field !== 'f:metadata')
  }
  await apply('v1', 'one', { hostPort: 'h:1', spec: { replicas: 1 } })
  await assert.rejects(apply('v2', 'two', { host: 'i', port: '1' }), { message: /conflict with "one": .hostPort$/ })
  await apply('v2', 'two', { host: 'h', port: '1' })
  assert.deepEqual(
    [await ownedBy('one'), await ownedBy('two')],
    [
      ['f:hostPort', 'f:spec'],
      ['f:host', 'f:port'],
    ],
  )
  await apply('v2', 'two', { host: 'i', port: '1' }, true)
  assert.deepEqual([await ownedBy('one'), await ownedBy('two')], [['f:spec'], ['f:host', 'f:port']])
  await v1().update({ ...((await v1().get('a', inShop)) as Endpoint), hostPort: 'i:9' }, { fieldManager: 'three' })
  assert.deepEqual([await ownedBy('two'), await ownedBy('three')], [['f:host'], ['f:hostPort']])
})

test('a list is converted by one call, and a page by one of its own', async () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const [index, name] of names.entries()) await v1().create(named(name, { hostPort: `h:${index}` }))
  const first = await v2().list({ ...inShop, limit: 2 })
  assert.deepEqual([first.items.map(({ port }) => port), webhook.calls], [['0', '1'], [2]])
  const rest = await v2().list({ ...inShop, limit: 3, continue: first.metadata.continue! })
  assert.deepEqual(
    [rest.items.map(({ port }) => port), webhook.calls],
    [
      ['2', '3', '4'],
      [2, 3],
    ],
  )
  assert.equal((await v2().list(inShop)).items.length, 5)
  assert.equal((await v2().list({ ...inShop, labelSelector: 'servedAs=v2' })).items.length, 5)
  assert.equal((await v2().list({ ...inShop, fieldSelector: 'host=h,metadata.name=c' })).items.length, 1)
  assert.deepEqual(webhook.calls, [2, 3])
})

test('an empty list needs nobody', async () => {
  assert.deepEqual((await v2().list(inShop)).items, [])
  assert.deepEqual(webhook.calls, [])
})

test('objects stored in several versions are listed in each of them', async () => {
  await v1().create(named('a', { hostPort: 'h:1' }))
  await define({ storage: 'v2' })
  await v1().create(named('b', { hostPort: 'h:2' }))
  const { status } = (await cluster.client.of(customResourceDefinitions).get(`endpoints.${group}`))!
  assert.deepEqual(status!.storedVersions!.toSorted(), ['v1', 'v2'])
  webhook.calls.length = 0
  assert.deepEqual(
    (await v1().list(inShop)).items.map(({ hostPort }) => hostPort),
    ['h:1', 'h:2'],
  )
  assert.deepEqual(
    (await v2().list(inShop)).items.map(({ port }) => port),
    ['1', '2'],
  )
})

test('watches show what was converted, in order, for all of them by one call', async () => {
  await v1().create(named('a', { hostPort: 'h:0' }))
  const streams = await Promise.all(Array.from({ length: 20 }, () => v2().watch(inShop)))
  const eventsOf = async (stream: AsyncIterable<ApiWatchEvent>, count: number) => {
    const seen: string[] = []
    for await (const { type, object } of stream) {
      seen.push(`${type} ${object.metadata?.name} ${(object as Endpoint).port}`)
      if (seen.length === count) break
    }
    return seen
  }
  const seen = streams.map((stream) => eventsOf(stream, 5))
  await v1().create(named('b', { hostPort: 'h:1' }))
  await v1().patch('a', { hostPort: 'h:2' }, { type: 'merge', ...inShop })
  await v1().delete('b', inShop)
  await v1().create(named('c', { hostPort: 'h:3' }))
  const want = ['ADDED a 0', 'ADDED b 1', 'MODIFIED a 2', 'DELETED b 1', 'ADDED c 3']
  for (const events of await Promise.all(seen)) assert.deepEqual(events, want)
  const converted = webhook.calls.reduce((sum, count) => sum + count, 0)
  assert.equal(converted, 4, 'each state of an object is converted once')
})

test('field selectors of each version choose what is listed, watched and deleted', async () => {
  const watched = async (client: ReturnType<typeof v2>, fieldSelector: string, count: number) => {
    const seen: string[] = []
    for await (const { type, object } of await client.watch({ ...inShop, fieldSelector })) {
      seen.push(`${type} ${object.metadata?.name}`)
      if (seen.length === count) break
    }
    return seen
  }
  const byHost = watched(v2(), 'host=one', 4)
  const byHostPort = watched(v1(), 'hostPort=one:80', 2)
  await v2().create(named('a', { host: 'one', port: '80' }))
  await v2().create(named('b', { host: 'one', port: '8080' }))
  await v2().create(named('c', { host: 'two', port: '80' }))
  const names = async (client: ReturnType<typeof v2>, fieldSelector: string) =>
    (await client.list({ ...inShop, fieldSelector })).items.map(({ metadata }) => metadata.name)
  assert.deepEqual(await names(v2(), 'host=one'), ['a', 'b'])
  assert.deepEqual(await names(v1(), 'hostPort=one:8080'), ['b'])
  await v1().deleteCollection({ ...inShop, fieldSelector: 'hostPort=one:80' })
  await v2().patch('b', { host: 'two' }, { type: 'merge', ...inShop })
  assert.deepEqual(await names(v2(), 'host=one'), [])
  assert.deepEqual(await byHost, ['ADDED a', 'ADDED b', 'DELETED a', 'DELETED b'])
  assert.deepEqual(await byHostPort, ['ADDED a', 'DELETED a'])
})

test('policies see their parameters in the version they name', async () => {
  const metadata = { name: 'only-known-hosts' }
  const policies = cluster.client.of(validatingAdmissionPolicies)
  const bindings = cluster.client.of(validatingAdmissionPolicyBindings)
  await v1().create(named('known', { hostPort: 'h:1' }))
  await policies.create({
    metadata,
    spec: {
      paramKind: { apiVersion: `${group}/v2`, kind: 'Endpoint' },
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      },
      validations: [{ expression: 'object.data.host == params.host' }],
    },
  })
  const paramRef = { name: 'known', namespace: 'shop', parameterNotFoundAction: 'Deny' }
  await bindings.create({
    metadata,
    spec: { policyName: metadata.name, paramRef, validationActions: ['Deny'] },
  })
  const create = (name: string, host: string) =>
    cluster.client.of(configMaps).create({ metadata: { name, ...inShop }, data: { host } })
  await create('right', 'h')
  await assert.rejects(create('wrong', 'i'), /failed expression: object.data.host == params.host/)
  await bindings.delete(metadata.name)
  await policies.delete(metadata.name)
})

test('a watch waits for a slow webhook without losing the order', async () => {
  const stream = await v2().watch({ ...inShop, labelSelector: 'servedAs=v2', allowWatchBookmarks: true })
  let release = () => {}
  webhook.held = new Promise((resolve) => {
    release = resolve
  })
  for (const name of ['a', 'b', 'c']) await v1().create(named(name, { hostPort: 'h:1' }))
  release()
  const names: string[] = []
  for await (const { type, object } of stream) {
    if (type !== 'ADDED') continue
    names.push(object.metadata!.name!)
    if (names.length === 3) break
  }
  assert.deepEqual(names, ['a', 'b', 'c'])
})

test('a webhook is found by its Service', async () => {
  const service = { namespace: 'shop', name: 'hook', path: '/convert', port: webhook.port }
  await define({ storage: 'v1', clientConfig: { service } })
  await v1().create(named('a', { hostPort: 'h:1' }))
  assert.equal((await v2().get('a', inShop))!.host, 'h')
})

test('where the webhook fails, so does every verb, and watches end with the error', async () => {
  await v1().create(named('a', { hostPort: 'h:1' }))
  webhook.failure = 'no idea'
  const message = `conversion webhook for ${group}/v1, Kind=Endpoint failed: no idea`
  const verbs: Record<string, () => Promise<unknown>> = {
    get: () => v2().get('a', inShop),
    list: () => v2().list(inShop),
    update: () => v2().update(named('a', { host: 'h' })),
    patch: () => v2().patch('a', { host: 'h' }, { type: 'merge', ...inShop }),
    delete: () => v2().delete('a', inShop),
    deletecollection: () => v2().deleteCollection(inShop),
  }
  for (const [verb, run] of Object.entries(verbs)) await assert.rejects(run, { message }, verb)
  await assert.rejects(v2().create(named('b', { host: 'h' })), {
    message: `conversion webhook for ${group}/v2, Kind=Endpoint failed: no idea`,
  })
  const events: ApiWatchEvent[] = []
  for await (const event of await v2().watch(inShop)) events.push(event)
  assert.deepEqual(
    events.map(({ type, object }) => [type, (object as { message?: string }).message]),
    [['ERROR', message]],
  )
  assert.equal((await v1().get('a', inShop))!.hostPort, 'h:1', 'the version that is stored needs nobody')
})
