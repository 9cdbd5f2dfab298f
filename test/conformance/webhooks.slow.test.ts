import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  RuleWithOperations,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../src/api/types/admissionregistration/v1.ts'
import type { ConfigMap, Pod } from '../../src/api/types/core/v1.ts'
import {
  configMaps,
  mutatingWebhookConfigurations,
  pods,
  validatingWebhookConfigurations,
} from '../../src/api/types/resources.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { until } from '../support/processes.ts'
import { allow, deny, patch, type Respond, startWebhookServer, type WebhookServer } from '../support/webhook-server.ts'
import { conformanceCluster, idlePod, refusal } from './api.ts'

const api = conformanceCluster({ simulateNodes: 1 })

let server: WebhookServer

before(async () => {
  server = await startWebhookServer()
})
after(() => server.stop())

type Webhook = MutatingWebhook & ValidatingWebhook

const rule = (resource: string, ...operations: string[]): RuleWithOperations => ({
  operations,
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: [resource],
})

const onConfigMaps = rule('configmaps', 'CREATE', 'UPDATE')
const onPods = rule('pods', 'CREATE')

/** A webhook of one namespace that answers so. */
function webhook(namespace: string, respond: Respond, given: Partial<Webhook> = {}): Webhook {
  const path = `/${api().name('hook')}`
  server.responders.set(path, respond)
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } }
  return server.webhook(path, { rules: [onConfigMaps], namespaceSelector, ...given })
}

const validating = () => api().client.of(validatingWebhookConfigurations)
const mutating = () => api().client.of(mutatingWebhookConfigurations)

async function validate(...webhooks: ValidatingWebhook[]): Promise<string> {
  const { metadata } = await validating().create({ metadata: { name: api().name('validating') }, webhooks })
  return metadata.name
}

async function mutate(...webhooks: MutatingWebhook[]): Promise<string> {
  const { metadata } = await mutating().create({ metadata: { name: api().name('mutating') }, webhooks })
  return metadata.name
}

const maps = () => api().client.of(configMaps)

const createMap = (namespace: string, data: Record<string, string> = {}, name = api().name('map')) =>
  maps().create({ metadata: { name, namespace }, data })

/** Refuses what has this in it, with these words. */
const denyMarked =
  (why: string): Respond =>
  (review) =>
    JSON.stringify(review.request.object).includes('webhook-disallow')
      ? { response: { uid: review.request.uid, allowed: false, status: { message: why, reason: why } } }
      : allow(review)

const marked = { 'webhook-e2e-test': 'webhook-disallow' }

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents [Conformance]', async () => {
  const group = 'admissionregistration.k8s.io'
  assert.equal(await api().read('/apis', `groups[name=${group}].versions[version=v1].version`), 'v1')
  assert.equal(await api().read(`/apis/${group}`, 'versions[version=v1].version'), 'v1')
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    const name = `${kind.toLowerCase()}s`
    assert.equal(await api().read(`/apis/${group}/v1`, `resources[name=${name}].kind`), kind)
  }
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation [Conformance]', async () => {
  const namespace = await api().namespace()
  const exempt = await api().namespace({ 'skip-webhook-admission': 'yes' })
  const namespaceSelector = {
    matchExpressions: [{ key: 'skip-webhook-admission', operator: 'NotIn', values: ['yes'] }],
  }
  const given = (resource: RuleWithOperations) => ({ rules: [resource], namespaceSelector })
  const hangs: Respond = (review) =>
    review.request.object.metadata?.name === 'hanging' ? undefined : denyMarked('the pod is unwanted')(review)
  const configuration = await validate(
    webhook('', hangs, { ...given(onPods), timeoutSeconds: 1 }),
    webhook('', denyMarked('the configmap contains unwanted key and value'), given(onConfigMaps)),
  )
  const unwanted = idlePod('unwanted', namespace, { spec: { containers: [{ name: 'webhook-disallow', image: 'i' }] } })
  assert.match((await refusal(api().client.of(pods).create(unwanted))).message, /the pod is unwanted/)
  assert.match(
    (await refusal(api().client.of(pods).create(idlePod('hanging', namespace)))).message,
    /deadline|timed out/i,
  )
  assert.match((await refusal(createMap(namespace, marked))).message, /unwanted key and value/)
  await createMap(namespace, { admit: 'this' }, 'compliant')
  const put = maps().update({ metadata: { name: 'compliant', namespace }, data: marked })
  assert.match((await refusal(put)).message, /unwanted key and value/)
  const patched = maps().patch('compliant', { data: marked }, { namespace, type: 'strategic' })
  assert.match((await refusal(patched)).message, /unwanted key and value/)
  await createMap(exempt, marked)
  await validating().delete(configuration)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny attaching pod [Conformance]', async () => {
  const namespace = await api().namespace()
  const why = "attaching to pod 'to-be-attached-pod' is not allowed"
  const respond: Respond = ({ request: { uid } }) => ({ response: { uid, allowed: false, status: { message: why } } })
  await validate(webhook(namespace, respond, { rules: [rule('pods/attach', 'CONNECT')] }))
  await api().runPod(idlePod('to-be-attached-pod', namespace))
  const path = `/api/v1/namespaces/${namespace}/pods/to-be-attached-pod/attach`
  const { status, body } = await api().send({ method: 'POST', path, query: { container: 'main', stdin: 'true' } })
  assert.ok(status >= 400)
  assert.match((body as { message: string }).message, new RegExp(why))
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should unconditionally reject operations on fail closed webhook [Conformance]', async () => {
  const namespace = await api().namespace()
  const service = { namespace, name: 'e2e-test-webhook', path: '/configmaps' }
  await validate({ ...webhook(namespace, allow), clientConfig: { service }, failurePolicy: 'Fail' })
  const { status } = await refusal(createMap(namespace))
  assert.deepEqual([status.code, status.reason], [500, 'InternalError'])
})

const addData = (key: string): Respond => patch({ op: 'add', path: `/data/${key}`, value: 'yes' })

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate configmap [Conformance]', async () => {
  const namespace = await api().namespace()
  const second: Respond = (review) =>
    review.request.object.data?.['mutation-stage-1'] ? addData('mutation-stage-2')(review) : allow(review)
  await mutate(webhook(namespace, addData('mutation-stage-1')), webhook(namespace, second))
  const { data } = await createMap(namespace, { 'mutation-start': 'yes' })
  assert.deepEqual(data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' })
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate pod and apply defaults after mutation [Conformance]', async () => {
  const namespace = await api().namespace()
  const init = { name: 'webhook-added-init-container', image: 'webhook-added-image', resources: {} }
  await mutate(
    webhook(namespace, patch({ op: 'add', path: '/spec/initContainers', value: [init] }), { rules: [onPods] }),
  )
  const created: Pod = (await api().client.of(pods).create(idlePod('mutated', namespace))) as Pod
  assert.deepEqual(
    created.spec?.initContainers?.map(({ name }) => name),
    [init.name],
  )
  assert.equal(created.spec?.initContainers?.[0]?.terminationMessagePolicy, 'File')
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should not be able to mutate or prevent deletion of webhook configuration objects [Conformance]', async () => {
  const rules = [
    {
      operations: ['CREATE', 'DELETE'],
      apiGroups: ['admissionregistration.k8s.io'],
      apiVersions: ['*'],
      resources: ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
    },
  ]
  const everywhere = { rules, namespaceSelector: {} }
  const label = patch({ op: 'add', path: '/metadata/labels', value: { mutated: 'yes' } })
  const guards = [await validate(webhook('', deny, everywhere)), await mutate(webhook('', label, everywhere))]
  const asked = server.reviews.length
  const dummy = webhook('nobody-has-this', allow)
  for (const [client, name] of [
    [validating(), await validate(dummy)],
    [mutating(), await mutate(dummy)],
  ] as const) {
    assert.equal((await client.get(name)).metadata.labels, undefined)
    await client.delete(name)
  }
  assert.equal(server.reviews.length, asked)
  await validating().delete(guards[0]!)
  await mutating().delete(guards[1]!)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should honor timeout [Conformance]', async () => {
  const namespace = await api().namespace()
  const slow: Respond = async (review) => {
    await systemClock.sleep(1_500)
    return (await allow(review))!
  }
  const rows: [timeoutSeconds: number | undefined, failurePolicy: string, passes: boolean][] = [
    [1, 'Fail', false],
    [1, 'Ignore', true],
    [10, 'Fail', true],
    [undefined, 'Fail', true],
  ]
  for (const [timeoutSeconds, failurePolicy, passes] of rows) {
    const limit = timeoutSeconds === undefined ? {} : { timeoutSeconds }
    const configuration = await validate(webhook(namespace, slow, { ...limit, failurePolicy }))
    if (passes) await createMap(namespace)
    else assert.match((await refusal(createMap(namespace))).message, /deadline|timed out/i)
    await validating().delete(configuration)
  }
})

const clone = <T>(object: unknown): T => structuredClone(object) as T

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a validating webhook should work [Conformance]', async () => {
  const namespace = await api().namespace()
  const name = await validate(webhook(namespace, denyMarked('unwanted'), { rules: [rule('configmaps', 'CREATE')] }))
  await refusal(createMap(namespace, marked))
  const configuration = clone<ValidatingWebhookConfiguration>(await validating().get(name))
  configuration.webhooks![0]!.rules![0]!.operations = ['UPDATE']
  await validating().update(configuration)
  await until('creations pass', () => passes(createMap(namespace, marked)))
  const operations = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }]
  await validating().patch(name, operations, { type: 'json' })
  await until('creations are refused', async () => !(await passes(createMap(namespace, marked))))
})

const passes = (writing: Promise<unknown>): Promise<boolean> =>
  writing.then(
    () => true,
    () => false,
  )

const mutated = async (namespace: string): Promise<boolean> =>
  (await createMap(namespace, { 'mutation-start': 'yes' })).data?.['mutation-stage-1'] === 'yes'

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] patching/updating a mutating webhook should work [Conformance]', async () => {
  const namespace = await api().namespace()
  const given = { rules: [rule('configmaps', 'CREATE')] }
  const name = await mutate(webhook(namespace, addData('mutation-stage-1'), given))
  assert.ok(await mutated(namespace))
  const configuration = clone<MutatingWebhookConfiguration>(await mutating().get(name))
  configuration.webhooks![0]!.rules![0]!.operations = ['UPDATE']
  await mutating().update(configuration)
  await until('creations stay as they are', async () => !(await mutated(namespace)))
  const operations = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }]
  await mutating().patch(name, operations, { type: 'json' })
  await until('creations are mutated', () => mutated(namespace))
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing validating webhooks should work [Conformance]', async () => {
  const namespace = await api().namespace()
  const labels = { list: namespace }
  for (let index = 0; index < 10; index++) {
    const webhooks = [webhook(namespace, denyMarked('unwanted'))]
    await validating().create({ metadata: { name: api().name('listed'), labels }, webhooks })
  }
  const selected = { labelSelector: `list=${namespace}` }
  assert.equal((await validating().list(selected)).items.length, 10)
  await refusal(createMap(namespace, marked))
  await validating().deleteCollection(selected)
  await until('creations pass', () => passes(createMap(namespace, marked)))
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] listing mutating webhooks should work [Conformance]', async () => {
  const namespace = await api().namespace()
  const labels = { list: namespace }
  for (let index = 0; index < 10; index++) {
    const webhooks = [webhook(namespace, addData('mutation-stage-1'))]
    await mutating().create({ metadata: { name: api().name('listed'), labels }, webhooks })
  }
  const selected = { labelSelector: `list=${namespace}` }
  assert.equal((await mutating().list(selected)).items.length, 10)
  assert.ok(await mutated(namespace))
  await mutating().deleteCollection(selected)
  await until('creations stay as they are', async () => !(await mutated(namespace)))
})

const conditions = [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }]
const moreConditions = [...conditions, { name: 'expression-2', expression: 'object.metadata.name.startsWith("a")' }]

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update validating webhook configurations with match conditions [Conformance]', async () => {
  const name = await validate(webhook('nobody-has-this', allow, { matchConditions: conditions }))
  assert.deepEqual((await validating().get(name)).webhooks?.[0]?.matchConditions, conditions)
  const configuration = clone<ValidatingWebhookConfiguration>(await validating().get(name))
  configuration.webhooks![0]!.matchConditions = moreConditions
  await validating().update(configuration)
  assert.deepEqual((await validating().get(name)).webhooks?.[0]?.matchConditions, moreConditions)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update mutating webhook configurations with match conditions [Conformance]', async () => {
  const name = await mutate(webhook('nobody-has-this', allow, { matchConditions: conditions }))
  assert.deepEqual((await mutating().get(name)).webhooks?.[0]?.matchConditions, conditions)
  const configuration = clone<MutatingWebhookConfiguration>(await mutating().get(name))
  configuration.webhooks![0]!.matchConditions = moreConditions
  await mutating().update(configuration)
  assert.deepEqual((await mutating().get(name)).webhooks?.[0]?.matchConditions, moreConditions)
})

const invalid = [{ name: 'invalid-expression-1', expression: '... [] bad expression' }]

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject validating webhook configurations with invalid match conditions [Conformance]', async () => {
  const { status } = await refusal(validate(webhook('nobody-has-this', allow, { matchConditions: invalid })))
  assert.equal(status.code, 422)
  assert.match(status.message!, /compilation failed/)
})

test('[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject mutating webhook configurations with invalid match conditions [Conformance]', async () => {
  const { status } = await refusal(mutate(webhook('nobody-has-this', allow, { matchConditions: invalid })))
  assert.equal(status.code, 422)
  assert.match(status.message!, /compilation failed/)
})

test("[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should mutate everything except 'skip-me' configmaps [Conformance]", async () => {
  const namespace = await api().namespace()
  const matchConditions = [{ name: 'skip-me', expression: "object.metadata.name != 'skip-me'" }]
  await mutate(webhook(namespace, addData('mutation-stage-1'), { matchConditions }))
  const skipped: ConfigMap = (await createMap(namespace, { 'mutation-start': 'yes' }, 'skip-me')) as ConfigMap
  assert.deepEqual(skipped.data, { 'mutation-start': 'yes' })
  assert.ok(await mutated(namespace))
})
