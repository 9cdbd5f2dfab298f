import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RuleWithOperations } from '../../src/api/types/admissionregistration/v1.ts'
import type { JSONSchemaProps } from '../../src/api/types/apiextensions/v1.ts'
import {
  customResourceDefinitions,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../src/api/types/resources.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { until } from '../support/processes.ts'
import { allow, patch, type Respond, startWebhookServer, type WebhookServer } from '../support/webhook-server.ts'
import { conformanceCluster, exists, refusal } from './api.ts'
import { type Custom, custom, type Definition, define } from './definitions.ts'

const api = conformanceCluster({ components: ['apiserver'] })
const namespace = 'default'

let server: WebhookServer

before(async () => {
  server = await startWebhookServer()
})
after(() => server.stop())

interface Registered {
  readonly kind: 'validating' | 'mutating'
  readonly rule: RuleWithOperations
  /** One webhook each, in this order. */
  readonly respond: readonly Respond[]
}

async function register({ kind, rule, respond }: Registered): Promise<void> {
  const webhooks = respond.map((each) => {
    const path = `/${api().name('hook')}`
    server.responders.set(path, each)
    return server.webhook(path, { rules: [rule], namespaceSelector: {} })
  })
  const resource = kind === 'validating' ? validatingWebhookConfigurations : mutatingWebhookConfigurations
  await api()
    .client.of<KubeObject>(resource)
    .create({ metadata: { name: api().name(kind) }, webhooks } as KubeObject)
}

const onObjects = ({ group, plural }: Definition, ...operations: string[]): RuleWithOperations => ({
  operations,
  apiGroups: [group],
  apiVersions: ['*'],
  resources: [plural],
})

const text: JSONSchemaProps = { type: 'string' }
const data: JSONSchemaProps = { type: 'object', additionalProperties: text }

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny custom resource creation, update and deletion [Conformance]', async () => {
  const definition = await define(api())
  const client = api().client.of(definition.resource())
  const why = 'the custom resource contains unwanted data'
  const respond: Respond = (review) => {
    const { object, oldObject, uid } = review.request as typeof review.request & { oldObject?: Custom }
    // A deletion has the old object only.
    const isUnwanted = JSON.stringify(object ?? oldObject).includes('webhook-disallow')
    return isUnwanted ? { response: { uid, allowed: false, status: { message: why } } } : allow(review)
  }
  await register({ kind: 'validating', rule: onObjects(definition, 'CREATE', 'UPDATE', 'DELETE'), respond: [respond] })
  const make = (name: string, value: string) =>
    client.create(custom(definition, { metadata: { name, namespace }, data: { 'webhook-e2e-test': value } }))
  assert.match((await refusal(make('unwanted', 'webhook-disallow'))).message, new RegExp(why))
  await make('wanted', 'webhook-allow')
  const change = (value: string) =>
    client.patch('wanted', { data: { 'webhook-e2e-test': value } }, { namespace, type: 'merge' })
  assert.match((await refusal(change('webhook-disallow'))).message, new RegExp(why))
  const guarded: Respond = ({ request: { uid } }) => ({ response: { uid, allowed: false, status: { message: why } } })
  await register({ kind: 'validating', rule: onObjects(definition, 'DELETE'), respond: [guarded] })
  assert.match((await refusal(client.delete('wanted', { namespace }))).message, new RegExp(why))
  await api().client.of(validatingWebhookConfigurations).deleteCollection({})
  await client.delete('wanted', { namespace })
})

/** Adds the second stage only where the first one has been. */
const stages: readonly Respond[] = [
  patch({ op: 'add', path: '/data/mutation-stage-1', value: 'yes' }),
  (review) =>
    review.request.object.data?.['mutation-stage-1']
      ? patch({ op: 'add', path: '/data/mutation-stage-2', value: 'yes' })(review)
      : allow(review),
]

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource [Conformance]', async () => {
  const definition = await define(api())
  await register({ kind: 'mutating', rule: onObjects(definition, 'CREATE'), respond: stages })
  const metadata = { name: 'mutated', namespace }
  const object = custom(definition, { metadata, data: { 'mutation-start': 'yes' } })
  const created = await api().client.of(definition.resource()).create(object)
  const all = { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' }
  assert.deepEqual(created.data, all)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with pruning [Conformance]', async () => {
  const known = { 'mutation-start': text, 'mutation-stage-1': text }
  const schema = { type: 'object', properties: { data: { type: 'object', properties: known } } }
  const definition = await define(api(), { schema })
  await register({ kind: 'mutating', rule: onObjects(definition, 'CREATE'), respond: stages })
  const metadata = { name: 'pruned', namespace }
  const object = custom(definition, { metadata, data: { 'mutation-start': 'yes' } })
  const created = await api().client.of(definition.resource()).create(object)
  assert.deepEqual(created.data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate custom resource with different stored version [Conformance]', async () => {
  const definition = await define(api(), { versions: ['v1', 'v2'], schema: { type: 'object', properties: { data } } })
  await register({ kind: 'mutating', rule: onObjects(definition, 'CREATE', 'UPDATE'), respond: stages })
  const metadata = { name: 'versions', namespace }
  const client = api().client.of(definition.resource('v1'))
  await client.create(custom(definition, { metadata, data: { 'mutation-start': 'yes' } }))
  const storage = [
    { op: 'replace', path: '/spec/versions/0/storage', value: false },
    { op: 'replace', path: '/spec/versions/1/storage', value: true },
  ]
  await api().client.of(customResourceDefinitions).patch(definition.name, storage, { type: 'json' })
  await until('the other version is stored', async () => {
    const { status } = await api().client.of(customResourceDefinitions).get(definition.name)
    return status?.storedVersions?.includes('v2')
  })
  const patched = await client.patch('versions', { data: { changed: 'yes' } }, { namespace, type: 'merge' })
  const all = { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes', changed: 'yes' }
  assert.deepEqual(patched.data, all)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should deny crd creation [Conformance]', async () => {
  const why = 'the crd contains unwanted label'
  const respond: Respond = (review) => {
    const { object, uid } = review.request
    const isUnwanted = object.metadata?.labels?.['webhook-e2e-test'] === 'webhook-disallow'
    return isUnwanted ? { response: { uid, allowed: false, status: { message: why } } } : allow(review)
  }
  const rule = {
    operations: ['CREATE'],
    apiGroups: ['apiextensions.k8s.io'],
    apiVersions: ['*'],
    resources: ['customresourcedefinitions'],
  }
  await register({ kind: 'validating', rule, respond: [respond] })
  const labels = { 'webhook-e2e-test': 'webhook-disallow' }
  const group = 'denied.example.com'
  assert.match((await refusal(define(api(), { labels, group }))).message, new RegExp(why))
  const { items } = await api().client.of(customResourceDefinitions).list()
  assert.ok(!items.some(({ spec }) => spec.group === group))
  const definition = await define(api())
  assert.ok(await exists(api().client.of(customResourceDefinitions).get(definition.name)))
})
