import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { customResourceDefinitions } from '../../src/api/types/resources.ts'
import { type ConversionWebhook, startConversionWebhook } from '../support/conversion-webhook.ts'
import { until } from '../support/processes.ts'
import { conformanceCluster } from './api.ts'
import { custom, type Definition, define } from './definitions.ts'

const api = conformanceCluster({ components: ['apiserver'] })
const namespace = 'default'

let webhook: ConversionWebhook

before(async () => {
  webhook = await startConversionWebhook([])
})
after(() => webhook.stop())

const text = { type: 'string' }
/** Both versions take the fields of either; what an object has is told by its version alone. */
const schema = { type: 'object', properties: { hostPort: text, host: text, port: text } }

/** A definition of two versions that the webhook converts between; v1 is stored. */
async function defineConverted(): Promise<Definition> {
  const definition = await define(api(), { versions: ['v1', 'v2'], schema })
  const url = `https://localhost:${webhook.port}/convert`
  const conversion = {
    strategy: 'Webhook',
    webhook: { clientConfig: { url, caBundle: webhook.caBundle }, conversionReviewVersions: ['v1'] },
  }
  const definitions = api().client.of(customResourceDefinitions)
  await definitions.patch(definition.name, { spec: { conversion } }, { type: 'merge' })
  const probe = custom(definition, { metadata: { name: 'probe', namespace }, hostPort: 'localhost:1' }, 'v1')
  await api().client.of(definition.resource('v1')).create(probe)
  const v2 = api().client.of(definition.resource('v2'))
  await until('the webhook is asked', async () => {
    // Until the change of the definition is known, or while it is being taken over, nothing is converted.
    const probed = await v2.get('probe', { namespace }).catch(() => undefined)
    return probed?.host === 'localhost'
  })
  await v2.delete('probe', { namespace })
  return definition
}

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2 [Conformance]', async () => {
  const definition = await defineConverted()
  const object = custom(definition, { metadata: { name: 'cr', namespace }, hostPort: 'localhost:8080' }, 'v1')
  await api().client.of(definition.resource('v1')).create(object)
  const converted = await api().client.of(definition.resource('v2')).get('cr', { namespace })
  assert.equal(converted.apiVersion, `${definition.group}/v2`)
  assert.deepEqual([converted.host, converted.port, converted.hostPort], ['localhost', '8080', undefined])
})

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs [Conformance]', async () => {
  const definition = await defineConverted()
  const [v1, v2] = [api().client.of(definition.resource('v1')), api().client.of(definition.resource('v2'))]
  await v1.create(custom(definition, { metadata: { name: 'first', namespace }, hostPort: 'localhost:8080' }, 'v1'))
  const definitions = api().client.of(customResourceDefinitions)
  const storage = [
    { op: 'replace', path: '/spec/versions/0/storage', value: false },
    { op: 'replace', path: '/spec/versions/1/storage', value: true },
  ]
  await definitions.patch(definition.name, storage, { type: 'json' })
  await until('v2 is stored', async () =>
    (await definitions.get(definition.name)).status?.storedVersions?.includes('v2'),
  )
  await v1.create(custom(definition, { metadata: { name: 'second', namespace }, hostPort: 'localhost:8080' }, 'v1'))
  const oldForm = (await v1.list({ namespace })).items
  assert.deepEqual(
    oldForm.map(({ hostPort, host }) => [hostPort, host]),
    [
      ['localhost:8080', undefined],
      ['localhost:8080', undefined],
    ],
  )
  const newForm = (await v2.list({ namespace })).items
  assert.deepEqual(
    newForm.map(({ hostPort, host, port }) => [hostPort, host, port]),
    [
      [undefined, 'localhost', '8080'],
      [undefined, 'localhost', '8080'],
    ],
  )
})
