import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { until } from '../../../../test/support/processes.ts'
import {
  allow,
  deny,
  patch,
  type Respond,
  startWebhookServer,
  type WebhookServer,
} from '../../../../test/support/webhook-server.ts'
import type { MutatingWebhook, RuleWithOperations } from '../../../api/types/admissionregistration/v1.ts'
import {
  configMaps,
  customResourceDefinitions,
  deployments,
  mutatingWebhookConfigurations,
  namespaces,
  pods,
  serviceAccounts,
  services,
  validatingAdmissionPolicies,
  validatingWebhookConfigurations,
} from '../../../api/types/resources.ts'
import { Cluster } from '../../../cluster/embedded.ts'
import { StatusError } from '../../../machinery/status.ts'

let cluster: Cluster
let server: WebhookServer
const namespace = 'shop'

const properties = { kept: { type: 'string' }, given: { type: 'string', default: 'by default' } }
const schema = { openAPIV3Schema: { type: 'object', properties: { data: { type: 'object', properties } } } }
const things = {
  group: 'example.com',
  scope: 'Namespaced',
  names: { plural: 'things', kind: 'Thing' },
  versions: [
    { name: 'v1', served: true, storage: true, schema },
    { name: 'v2', served: true, storage: false, schema },
  ],
}

before(async () => {
  cluster = await Cluster.start({ components: ['apiserver'] })
  server = await startWebhookServer()
  const { client } = cluster
  await client.of(namespaces).create({ metadata: { name: namespace } })
  await client.of(customResourceDefinitions).create({ metadata: { name: 'things.example.com' }, spec: things })
  await until('things are served', async () => (await send('GET', thingsOf('v1'))).status === 200)
  const labels = { app: 'web' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const spec = { selector: { matchLabels: labels }, template }
  await client.of(deployments).create({ metadata: { name: 'web', namespace }, spec })
  await client.of(serviceAccounts).create({ metadata: { name: 'default', namespace } })
  await client.of(pods).create({ metadata: { name: 'pod', namespace }, spec: template.spec })
})

after(async () => {
  server.stop()
  await cluster.stop()
})

beforeEach(() => {
  server.reviews.length = 0
})

interface ConversionRequest {
  readonly uid: string
  readonly desiredAPIVersion: string
  readonly objects: readonly object[]
}

const thingsOf = (version: string) => `/apis/example.com/${version}/namespaces/${namespace}/things`

function send(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown, query = {}) {
  return cluster.client.transport.request({ method, path, query, ...(body !== undefined && { body }) })
}

let made = 0

async function createConfigMap(metadata: { name?: string; labels?: Record<string, string> } = {}) {
  const object = { metadata: { name: `c${made++}`, namespace, ...metadata }, data: { start: 'yes' } }
  return (await cluster.client.of(configMaps).create(object)).data
}

const on = (group: string, resource: string, operation = '*', version = 'v1'): RuleWithOperations => {
  return { operations: [operation], apiGroups: [group], apiVersions: [version], resources: [resource] }
}

interface Asked {
  readonly kind?: 'mutating' | 'validating'
  readonly respond: Respond
  readonly given?: Partial<MutatingWebhook>
}

/** The result of `action` under one webhook; what it was refused with becomes text. */
async function under<T>({ kind = 'validating', respond, given }: Asked, action: () => Promise<T>): Promise<T | string> {
  const resource = kind === 'validating' ? validatingWebhookConfigurations : mutatingWebhookConfigurations
  const configurations = cluster.client.of(resource as typeof mutatingWebhookConfigurations)
  server.responders.set('/hook', respond)
  await configurations.create({ metadata: { name: 'test' }, webhooks: [server.webhook('/hook', given)] })
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return `${error.code} ${error.message}`
  } finally {
    await configurations.delete('test')
  }
}

const asked = (...names: string[]) =>
  server.reviews.map(({ request }) => names.map((name) => JSON.stringify(request[name])).join(' '))

const stage: Respond = patch({ op: 'add', path: '/data/stage', value: 'yes' })

test('match conditions except an object by its name', async () => {
  const matchConditions = [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }]
  const given = { matchConditions }
  const create = async () => [await createConfigMap(), await createConfigMap({ name: 'skip-me' })]
  assert.deepEqual(await under({ kind: 'mutating', respond: stage, given }, create), [
    { start: 'yes', stage: 'yes' },
    { start: 'yes' },
  ])
})

const conditionError = "expression 'object.data.none == request.name' resulted in error: no such key: none"
for (const [failurePolicy, answer] of [
  ['Fail', `403 configmaps "wrong" is forbidden: ${conditionError}`],
  ['Ignore', { start: 'yes' }],
] as const) {
  test(`a match condition that goes wrong counts as ${failurePolicy} says`, async () => {
    const matchConditions = [{ name: 'wrong', expression: 'object.data.none == request.name' }]
    const given = { matchConditions, failurePolicy }
    assert.deepEqual(await under({ respond: deny, given }, () => createConfigMap({ name: 'wrong' })), answer)
    assert.deepEqual(server.reviews, [])
  })
}

test('a selector of objects is asked about the new and the old one', async () => {
  const { metadata } = await cluster.client.of(configMaps).create({
    metadata: { name: `c${made++}`, namespace, labels: { watched: 'yes' } },
  })
  const given = { objectSelector: { matchLabels: { watched: 'yes' } } }
  await under({ respond: allow, given }, async () => {
    await createConfigMap()
    await cluster.client.of(configMaps).update({ metadata: { name: metadata.name, namespace } })
    await cluster.client.of(configMaps).delete(metadata.name, { namespace })
  })
  assert.deepEqual(asked('operation'), ['"UPDATE"'])
})

test('a Namespace is selected by its own labels', async () => {
  const given = { rules: [on('', 'namespaces')], namespaceSelector: { matchLabels: { tier: 'gold' } } }
  await under({ respond: allow, given }, async () => {
    await cluster.client.of(namespaces).create({ metadata: { name: 'gold', labels: { tier: 'gold' } } })
    await cluster.client.of(namespaces).create({ metadata: { name: 'plain' } })
  })
  assert.deepEqual(asked('name', 'namespace'), ['"gold" "gold"'])
})

test('deleting a collection asks for each object, and stops at a refusal', async () => {
  const labels = { many: 'yes' }
  for (const name of ['m1', 'm2']) await createConfigMap({ name, labels })
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const remove = () => send('DELETE', path, undefined, { labelSelector: 'many=yes' })
  const refused = await under({ respond: deny }, remove)
  assert.equal((refused as Awaited<ReturnType<typeof send>>).status, 400)
  server.reviews.length = 0
  await under({ respond: allow }, remove)
  assert.deepEqual(asked('operation', 'name', 'object').toSorted(), ['"DELETE" "m1" null', '"DELETE" "m2" null'])
})

test('attaching to a Pod can be refused', async () => {
  const given = { rules: [on('', 'pods/attach', 'CONNECT')] }
  const attach = () => send('GET', `/api/v1/namespaces/${namespace}/pods/pod/attach`, undefined, { stdout: 'true' })
  const answer = await under({ respond: deny, given }, attach)
  assert.equal((answer as Awaited<ReturnType<typeof attach>>).status, 400)
  assert.deepEqual(asked('operation', 'subResource', 'kind', 'name'), [
    '"CONNECT" "attach" {"group":"","version":"v1","kind":"PodAttachOptions"} "pod"',
  ])
})

test('a rule for a resource is none for what lies below it', async () => {
  await under({ respond: allow, given: { rules: [on('apps', 'deployments')] } }, async () => {
    await send('PUT', `/apis/apps/v1/namespaces/${namespace}/deployments/web/status`, {
      ...(await cluster.client.of(deployments).get('web', { namespace })),
    })
  })
  assert.deepEqual(server.reviews, [])
})

test('a rule for a scale sees a Scale, and what it makes of it counts', async () => {
  const given = { rules: [on('apps', 'deployments/scale')] }
  const respond = patch({ op: 'replace', path: '/spec/replicas', value: 7 })
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web/scale`
  const scale = (await send('GET', path)).body as object
  await under({ kind: 'mutating', respond, given }, () => send('PUT', path, scale))
  assert.deepEqual(asked('kind', 'requestKind'), [
    '{"group":"autoscaling","version":"v1","kind":"Scale"} {"group":"autoscaling","version":"v1","kind":"Scale"}',
  ])
  assert.equal((await cluster.client.of(deployments).get('web', { namespace })).spec?.replicas, 7)
})

test('what a webhook gives a custom object is pruned, and has its defaults', async () => {
  const respond = patch(
    { op: 'add', path: '/data', value: { kept: 'yes', unknown: 'gone' } },
    { op: 'add', path: '/unknown', value: 1 },
  )
  const body = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'pruned' } }
  const given = { rules: [on('example.com', 'things')] }
  const answer = await under({ kind: 'mutating', respond, given }, () => send('POST', thingsOf('v1'), body))
  const { body: created } = answer as Awaited<ReturnType<typeof send>>
  const { metadata: _metadata, ...rest } = created as Record<string, unknown>
  assert.deepEqual(rest, {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    data: { kept: 'yes', given: 'by default' },
  })
})

test('a rule for one version of a custom kind sees that version, whichever was asked for', async () => {
  const respond = patch({ op: 'add', path: '/data', value: { kept: 'changed' } })
  const given = { rules: [on('example.com', 'things', 'CREATE', 'v1')] }
  const body = { apiVersion: 'example.com/v2', kind: 'Thing', metadata: { name: 'versions' } }
  const answer = await under({ kind: 'mutating', respond, given }, () => send('POST', thingsOf('v2'), body))
  const created = (answer as Awaited<ReturnType<typeof send>>).body as typeof body & { data: object }
  assert.equal(server.reviews[0]?.request.object.apiVersion, 'example.com/v1')
  assert.deepEqual(asked('resource', 'requestResource'), [
    '{"group":"example.com","version":"v1","resource":"things"} {"group":"example.com","version":"v2","resource":"things"}',
  ])
  assert.equal(created.apiVersion, 'example.com/v2')
  assert.deepEqual(created.data, { kept: 'changed', given: 'by default' })
})

test('where a webhook converts, another one still sees the version that its rule names', async () => {
  const convert: Respond = (review) => {
    const { uid, objects, desiredAPIVersion } = review.request as unknown as ConversionRequest
    const convertedObjects = objects.map((object) => ({
      ...object,
      apiVersion: desiredAPIVersion,
      data: { kept: `by way of ${desiredAPIVersion}` },
    }))
    return { kind: 'ConversionReview', response: { uid, result: { status: 'Success' }, convertedObjects } }
  }
  server.responders.set('/convert', convert)
  const { clientConfig } = server.webhook('/convert')
  const conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } }
  const names = { plural: 'converteds', kind: 'Converted' }
  await cluster.client
    .of(customResourceDefinitions)
    .create({ metadata: { name: 'converteds.example.com' }, spec: { ...things, names, conversion } })
  const path = `/apis/example.com/v2/namespaces/${namespace}/converteds`
  await until('they are served', async () => (await send('GET', path)).status === 200)
  const seen: unknown[] = []
  const respond: Respond = (review) => {
    seen.push(review.request.object.apiVersion, review.request.object.data)
    return patch({ op: 'add', path: '/data/given', value: 'changed' })(review)
  }
  const given = { rules: [on('example.com', 'converteds', 'CREATE', 'v1')] }
  const body = { apiVersion: 'example.com/v2', kind: 'Converted', metadata: { name: 'c' }, data: { kept: 'sent' } }
  const answer = await under({ kind: 'mutating', respond, given }, () => send('POST', path, body))
  const created = (answer as Awaited<ReturnType<typeof send>>).body as typeof body
  assert.deepEqual(seen, ['example.com/v1', { kept: 'by way of example.com/v1' }])
  assert.equal(created.apiVersion, 'example.com/v2')
  assert.deepEqual(created.data, { kept: 'by way of example.com/v2' })
})

test('definitions of custom kinds can be refused', async () => {
  const names = { plural: 'others', kind: 'Other' }
  const given = { rules: [on('apiextensions.k8s.io', 'customresourcedefinitions')], namespaceSelector: {} }
  const create = () =>
    cluster.client
      .of(customResourceDefinitions)
      .create({ metadata: { name: 'others.example.com' }, spec: { ...things, names } })
  assert.equal(
    await under({ respond: deny, given }, create),
    '400 admission webhook "hook.example.com" denied the request: no',
  )
})

test('what configures admission is seen by no webhook', async () => {
  const given = { rules: [on('*', '*', '*', '*')], namespaceSelector: {} }
  await under({ respond: deny, given }, async () => {
    const policies = cluster.client.of(validatingAdmissionPolicies)
    await policies.create({ metadata: { name: 'free' }, spec: { validations: [{ expression: 'true' }] } })
    await policies.delete('free')
  })
  assert.deepEqual(server.reviews, [])
})

test('a Pod that a webhook changes has its defaults afterwards', async () => {
  const respond = patch({ op: 'add', path: '/spec/initContainers', value: [{ name: 'init', image: 'i' }] })
  const object = { metadata: { name: 'mutated', namespace }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const given = { rules: [on('', 'pods')] }
  const pod = await under({ kind: 'mutating', respond, given }, () => cluster.client.of(pods).create(object))
  assert.ok(typeof pod !== 'string')
  assert.equal(pod.spec?.initContainers?.[0]?.terminationMessagePolicy, 'File')
})

test('a webhook of v1beta1 alone is asked in it', async () => {
  const given = { admissionReviewVersions: ['v1beta1', 'v1'] }
  await under({ respond: allow, given }, () => createConfigMap())
  assert.equal(server.reviews[0]?.apiVersion, 'admission.k8s.io/v1beta1')
})

const failed = '500 Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: '

test('a webhook behind a Service is called where the Service leads', async () => {
  const service = { namespace, name: 'hook', path: '/hook', port: server.port }
  const { caBundle } = server.webhook('/hook').clientConfig
  const given = { clientConfig: { service, caBundle: caBundle! } }
  const create = () => createConfigMap()
  const url = `Post "https://hook.shop.svc:${server.port}/hook?timeout=10s": `
  assert.equal(await under({ respond: allow, given }, create), `${failed}${url}service "hook" not found`)
  const metadata = { name: 'hook', namespace }
  const hooks = cluster.client.of(services)
  await hooks.create({ metadata, spec: { ports: [{ port: server.port }] } })
  const none = 'no endpoints available for service "hook"'
  assert.equal(await under({ respond: allow, given }, create), `${failed}${url}${none}`)
  await hooks.delete('hook', { namespace })
  await hooks.create({ metadata, spec: { type: 'ExternalName', externalName: 'localhost' } })
  assert.deepEqual(await under({ respond: allow, given }, create), { start: 'yes' })
})

test('a webhook that takes too long is not waited for', async () => {
  const given = { timeoutSeconds: 1 }
  const url = `Post "https://127.0.0.1:${server.port}/hook?timeout=1s": `
  assert.equal(
    await under({ respond: () => undefined, given }, () => createConfigMap()),
    `${failed}${url}context deadline exceeded`,
  )
})
