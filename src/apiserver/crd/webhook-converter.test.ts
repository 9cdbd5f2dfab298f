import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../machinery/object.ts'
import type { WebhookClient } from '../webhook/webhook-client.ts'
import type { ConversionOutcome } from './conversion-metrics.ts'
import { webhookConverter } from './webhook-converter.ts'

type Json = Record<string, unknown>

interface Sent {
  readonly kind: string
  readonly apiVersion: string
  readonly request: {
    readonly uid: string
    readonly desiredAPIVersion: string
    readonly objects: readonly KubeObject[]
  }
}

/** A webhook that answers what `answer` makes of what it was sent. */
function fakeClient(answer: (sent: Sent) => unknown): { client: WebhookClient; sent: Sent[] } {
  const sent: Sent[] = []
  const client: WebhookClient = {
    target: ({ url }) => ({ url: url! }),
    async call(_target, { body }) {
      sent.push(body as Sent)
      return answer(body as Sent)
    },
  }
  return { client, sent }
}

const observed: ConversionOutcome[] = []

function converterOf(client: WebhookClient, conversionReviewVersions = ['v1']) {
  const webhook = { clientConfig: { url: 'https://hook/convert' }, conversionReviewVersions }
  const definition = { metadata: { name: 'foos.e.io' }, spec: { conversion: { strategy: 'Webhook', webhook } } }
  const conversionMetrics = { nowMs: () => 0, observe: (outcome: ConversionOutcome) => observed.push(outcome) }
  return webhookConverter(definition as never, { webhookClient: client, conversionMetrics } as never)
}

function foo(version: string, name: string, more: object = {}): KubeObject {
  const metadata = { name, namespace: 'a', uid: `uid-${name}`, labels: { l: '1' }, finalizers: ['e.io/f'] }
  return { apiVersion: `e.io/${version}`, kind: 'Foo', metadata, ...more }
}

const success = ({ apiVersion, request: { uid } }: Sent, convertedObjects: unknown): Json => ({
  kind: 'ConversionReview',
  apiVersion,
  response: { uid, convertedObjects, result: { status: 'Success' } },
})
const renamed = ({ request: { objects, desiredAPIVersion } }: Sent) =>
  objects.map((object) => ({ ...object, apiVersion: desiredAPIVersion }))

test('objects are sent without their resourceVersion, those of the wanted version not at all', async () => {
  const { client, sent } = fakeClient((review) => success(review, renamed(review)))
  const old = foo('v1', 'a')
  const stored = { ...old, metadata: { ...old.metadata, resourceVersion: '7' } }
  const converted = await converterOf(client, ['v9', 'v1beta1', 'v1'])([foo('v2', 'b'), stored], 'e.io/v2')
  assert.deepEqual(
    converted.map(({ apiVersion, metadata }) => [apiVersion, metadata!.name, metadata!.resourceVersion]),
    [
      ['e.io/v2', 'b', undefined],
      ['e.io/v2', 'a', '7'],
    ],
  )
  assert.equal(sent[0]!.apiVersion, 'apiextensions.k8s.io/v1beta1')
  assert.deepEqual(sent[0]!.request.objects, [old])
  const { definition, fromVersion, toVersion, failure } = observed.at(-1)!
  assert.deepEqual([definition, fromVersion, toVersion, failure], ['foos.e.io', 'v1', 'v2', undefined])
})

test('nobody is asked where all objects have the version', async () => {
  const { client, sent } = fakeClient(() => assert.fail())
  assert.deepEqual(await converterOf(client)([foo('v2', 'a')], 'e.io/v2'), [foo('v2', 'a')])
  assert.deepEqual(await converterOf(client)([], 'e.io/v2'), [])
  assert.equal(sent.length, 0)
})

test('of metadata only labels and annotations are the webhook’s to change', async () => {
  const { client } = fakeClient((review) =>
    success(review, [
      foo('v2', 'a', {
        spec: { x: 1 },
        metadata: {
          name: 'a',
          namespace: 'a',
          uid: 'uid-a',
          annotations: { n: 'x' },
          finalizers: [],
          generation: 42,
          garbage: 1,
        },
      }),
    ]),
  )
  const metadata = { name: 'a', namespace: 'a', uid: 'uid-a', annotations: { n: 'x' }, finalizers: ['e.io/f'] }
  assert.deepEqual(await converterOf(client)([foo('v1', 'a')], 'e.io/v2'), [
    { apiVersion: 'e.io/v2', kind: 'Foo', spec: { x: 1 }, metadata },
  ])
})

const hook = 'conversion webhook for e.io/v1, Kind=Foo'
const changed = (changes: (metadata: Json) => Json) => (review: Sent) =>
  success(
    review,
    renamed(review).map((object) => ({ ...object, metadata: changes({ ...object.metadata }) })),
  )
const answered = (response: (review: Sent) => Json | undefined) => (review: Sent) => ({
  ...success(review, []),
  response: response(review),
})

interface FailureRow {
  readonly title: string
  readonly count?: number
  readonly answer: (sent: Sent) => unknown
  readonly message: string | RegExp
  /** Of the metric. */
  readonly failure: 'call' | 'malformed_response' | 'partial_response' | 'invalid_converted_object'
}

const failures: readonly FailureRow[] = [
  {
    title: 'a call that fails',
    failure: 'call',
    answer: () => {
      throw new Error('Post "https://hook/convert?timeout=30s": EOF')
    },
    message: `${hook} failed: Post "https://hook/convert?timeout=30s": EOF`,
  },
  {
    title: 'another kind of answer',
    failure: 'call',
    answer: () => ({ kind: 'Foo', apiVersion: 'e.io/v1' }),
    message: /failed: no kind "Foo" is registered for version "e.io\/v1" in scheme/,
  },
  {
    title: 'an answer that is no object of the API',
    failure: 'call',
    answer: () => ({ a: 1 }),
    message: `${hook} failed: Object 'Kind' is missing in '{"a":1}'`,
  },
  {
    title: 'the answer of another version',
    failure: 'malformed_response',
    answer: (review) => ({ ...success(review, []), apiVersion: 'apiextensions.k8s.io/v1beta1' }),
    message:
      `${hook} failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, ` +
      'got apiextensions.k8s.io/v1beta1, Kind=ConversionReview',
  },
  {
    title: 'no response',
    failure: 'malformed_response',
    answer: answered(() => undefined),
    message: `${hook} failed: no response provided`,
  },
  {
    title: 'the answer to another request',
    failure: 'malformed_response',
    answer: answered(() => ({ uid: 'x' })),
    message: /failed: expected response.uid="[0-9a-f-]{36}", got "x"$/,
  },
  {
    title: 'a failure without a word',
    failure: 'malformed_response',
    answer: answered(({ request: { uid } }) => ({ uid, result: { status: 'Failure' } })),
    message: `${hook} failed: response.result.status was 'Failure', not 'Success'`,
  },
  {
    title: 'a failure that is explained',
    failure: 'malformed_response',
    answer: answered(({ request: { uid } }) => ({ uid, result: { status: 'Failure', message: 'no idea' } })),
    message: `${hook} failed: no idea`,
  },
  {
    title: 'fewer objects',
    failure: 'partial_response',
    count: 2,
    answer: (review) => success(review, renamed(review).slice(1)),
    message: `${hook} returned 1 objects, expected 2`,
  },
  {
    title: 'an object in its old version',
    failure: 'invalid_converted_object',
    answer: (review) => success(review, review.request.objects),
    message: `${hook} returned invalid object at index 0: invalid groupVersion (expected e.io/v2, received e.io/v1)`,
  },
  {
    title: 'one of several objects in its old version',
    failure: 'invalid_converted_object',
    count: 2,
    answer: (review) => success(review, [renamed(review)[0], review.request.objects[1]]),
    message: `${hook} returned invalid converted object at index 1: invalid groupVersion (expected e.io/v2, received e.io/v1)`,
  },
  {
    title: 'an object of another kind',
    failure: 'invalid_converted_object',
    answer: (review) => success(review, [{ ...renamed(review)[0], kind: 'Bar' }]),
    message: `${hook} returned invalid object at index 0: invalid kind (expected Foo, received Bar)`,
  },
  {
    title: 'an object of another name',
    failure: 'invalid_converted_object',
    answer: changed((metadata) => ({ ...metadata, name: 'z' })),
    message: `${hook} returned invalid object: must have the same name: a != z`,
  },
  {
    title: 'one of several objects with another uid',
    failure: 'invalid_converted_object',
    count: 2,
    answer: changed((metadata) => ({ ...metadata, uid: 'uid-a' })),
    message: `${hook} returned invalid converted object at index 1: must have the same UID: uid-b != uid-a`,
  },
  {
    title: 'metadata of another form',
    failure: 'invalid_converted_object',
    answer: (review) => success(review, [{ ...renamed(review)[0], metadata: undefined }]),
    message: `${hook} returned invalid object: must have the same name: a != `,
  },
  {
    title: 'labels of another form',
    failure: 'invalid_converted_object',
    answer: changed((metadata) => ({ ...metadata, labels: ['x'] })),
    message: `${hook} returned invalid metadata: invalid metadata.labels of type []interface {} in converted object`,
  },
  {
    title: 'a label that is a number',
    failure: 'invalid_converted_object',
    answer: changed((metadata) => ({ ...metadata, labels: { l: 1 } })),
    message: `${hook} returned invalid metadata: metadata.labels[l] must be a string, but is int64 in converted object`,
  },
  {
    title: 'an annotation that may not be',
    failure: 'invalid_converted_object',
    count: 2,
    answer: changed((metadata) => ({ ...metadata, annotations: { '-': 'x' } })),
    message: /returned invalid metadata in object at index 0: metadata.annotation: Invalid value: "-": name part must/,
  },
]
for (const { title, count = 1, answer, message, failure } of failures) {
  test(`conversion is refused for ${title}`, async () => {
    const objects = ['a', 'b'].slice(0, count).map((name) => foo('v1', name))
    const converting = converterOf(fakeClient(answer).client)(objects, 'e.io/v2')
    await assert.rejects(converting, (error: Error & { status: { code: number } }) => {
      if (typeof message === 'string') assert.equal(error.message, message)
      else assert.match(error.message, message)
      return error.status.code === 500
    })
    assert.equal(observed.at(-1)!.failure, `conversion_webhook_${failure}_failure`)
  })
}

test('a webhook of no known version is not asked', async () => {
  const { client } = fakeClient(() => assert.fail())
  const converting = converterOf(client, ['v9'])([foo('v1', 'a')], 'e.io/v2')
  await assert.rejects(converting, { message: 'no supported conversion review versions' })
})
