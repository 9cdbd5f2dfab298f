import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecodeError, decodeJson, decodeValue } from '../../machinery/decode.ts'
import { JsonSyntaxError } from '../../machinery/json-text.ts'
import { apply } from '../../machinery/managed-fields/apply.ts'
import { trackUpdate } from '../../machinery/managed-fields/track-update.ts'
import { decodeMessage } from '../../machinery/protobuf/decode.ts'
import { encodeProtobuf, readEnvelope } from '../../machinery/protobuf/envelope.ts'
import { ProtobufError } from '../../machinery/protobuf/wire.ts'
import type { FieldType, ObjectSchema } from '../../machinery/schema.ts'
import { allResources } from './resources.ts'
import { definitionNames, findSchemaForKind, schemaForKind, schemaOf } from './schema.ts'

/** The machinery with the real schemas: what it does with kinds that exist. */

const pod = schemaForKind({ group: '', version: 'v1', kind: 'Pod' })
const configMap = schemaForKind({ group: '', version: 'v1', kind: 'ConfigMap' })
const deployment = schemaForKind({ group: 'apps', version: 'v1', kind: 'Deployment' })

test('every type has a schema and every resource and subresource a kind', () => {
  for (const name of definitionNames()) assert.equal(schemaOf(name).name, name)
  for (const resource of allResources) {
    assert.ok(findSchemaForKind(resource), resource.kind)
    for (const [name, { kind, group = resource.group, version = resource.version }] of Object.entries(
      resource.subresources,
    ))
      assert.ok(findSchemaForKind({ group, version, kind }), `${resource.plural}/${name}`)
  }
})

const canonical = [
  {
    title: 'fields stand in the order of upstream, zero values as upstream writes them',
    json: '{"spec":{"containers":[{"image":"i","name":"c","stdin":false}],"nodeName":""},"kind":"Pod","apiVersion":"v1"}',
    want: '{"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]},"status":{}}',
  },
  {
    title: 'quantities and times are canonical',
    json: '{"metadata":{"deletionTimestamp":"2024-01-01T01:00:00.5+01:00"},"spec":{"containers":null,"overhead":{"cpu":0.5}}}',
    want: '{"metadata":{"deletionTimestamp":"2024-01-01T00:00:00Z"},"spec":{"containers":null,"overhead":{"cpu":"500m"}},"status":{}}',
  },
  {
    title: 'a pointer tells zero from absent',
    json: '{"spec":{"containers":[],"terminationGracePeriodSeconds":0,"hostNetwork":false}}',
    want: '{"metadata":{},"spec":{"containers":[],"terminationGracePeriodSeconds":0},"status":{}}',
  },
]

for (const { title, json, want } of canonical)
  test(`decoding: ${title}`, () => assert.equal(JSON.stringify(decodeJson(json, pod).object), want))

const strict = [
  {
    json: '{"spec":{"containers":[{"imagee":"x"}],"nope":1}}',
    want: ['unknown field "spec.containers[0].imagee"', 'unknown field "spec.nope"'],
  },
  { json: '{"metadata":{"labels":{"a":"1","a":"2"}}}', want: ['duplicate field "metadata.labels.a"'] },
  { json: '{"Spec":{}}', want: ['unknown field "Spec"'] },
]

for (const { json, want } of strict)
  test(`decoding ${json} reports ${want.length} strict errors`, () =>
    assert.deepEqual(decodeJson(json, pod).strictErrors, want))

const wrong = [
  [
    '{"spec":{"dnsPolicy":1}}',
    'json: cannot unmarshal number into Go struct field PodSpec.spec.dnsPolicy of type v1.DNSPolicy',
  ],
  [
    '{"spec":{"volumes":[{"projected":[]}]}}',
    'json: cannot unmarshal array into Go struct field Volume.spec.volumes.VolumeSource.projected of type v1.ProjectedVolumeSource',
  ],
  [
    '{"spec":{"priority":2147483648}}',
    'json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32',
  ],
  [
    '{"metadata":{"labels":{"a":1}}}',
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  ['[]', 'json: cannot unmarshal array into Go value of type v1.Pod'],
] as const

for (const [json, message] of wrong)
  test(`decoding ${json} fails in upstream's words`, () =>
    assert.throws(
      () => decodeJson(json, pod),
      (error) => error instanceof DecodeError && error.message === message,
    ))

test('a broken body fails in the words of Go', () => {
  const message = "invalid character 'o' in literal null (expecting 'u')"
  assert.throws(
    () => decodeJson('nope', pod),
    (error) => error instanceof JsonSyntaxError && error.message === message,
  )
})

const names = fc.string({ unit: fc.constantFrom('a', 'b', '0', '-', 'é', '"'), maxLength: 6 })

/** Any value of a type, three levels deep at most. Nothing empty: protobuf cannot tell it from absent. */
function valuesOf(type: FieldType, depth: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'list':
      return fc.array(valuesOf(type.items, depth), { minLength: 1, maxLength: 2 })
    case 'map':
      return fc.dictionary(names, valuesOf(type.values, depth), { minKeys: 1, maxKeys: 2 })
    case 'object':
      return depth <= 0 ? fc.constant({}) : objectsOf(type.type, depth - 1)
    case 'union':
      return fc.constant({})
    case 'scalar':
      return scalars[type.scalar] ?? names
  }
}

const scalars: Partial<Record<string, fc.Arbitrary<unknown>>> = {
  boolean: fc.boolean(),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }),
  bytes: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  Time: fc.constantFrom('2024-01-01T00:00:00Z', '1969-12-31T23:59:59Z'),
  MicroTime: fc.constant('2024-01-01T00:00:00.123456Z'),
  Quantity: fc.constantFrom('1', '1.5Gi', '100m', '0'),
  IntOrString: fc.oneof(fc.integer(), fc.constant('50%')),
  FieldsV1: fc.constant({ 'f:a': {} }),
  RawExtension: fc.constant({ a: [1, 'x'] }),
  JSON: fc.jsonValue({ maxDepth: 1 }).filter((value) => value !== null),
}

function objectsOf(schema: ObjectSchema, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = [...schema.fields.values()].filter(({ name }) => name !== 'kind' && name !== 'apiVersion')
  const members = Object.fromEntries(fields.map((field) => [field.name, valuesOf(field.type, depth)]))
  return fc.record(members, { requiredKeys: [] })
}

for (const kind of ['Pod', 'ConfigMap', 'Node', 'Service', 'Event', 'PersistentVolume'])
  test(`any ${kind} is canonical once decoded, and the same after protobuf`, () => {
    const schema = schemaForKind({ group: '', version: 'v1', kind })
    fc.assert(
      fc.property(objectsOf(schema, 3), (object) => {
        const decoded = decodeValue(object, schema).object
        assert.deepEqual(decodeJson(JSON.stringify(decoded), schema).object, decoded)
        const { raw } = readEnvelope(encodeProtobuf(decoded, schema))
        assert.equal(JSON.stringify(decodeMessage(raw, schema)), JSON.stringify(decoded))
      }),
      { numRuns: 300 },
    )
  })

test('no value does more than decode or be refused', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      try {
        decodeValue({ metadata: value, spec: value, status: { conditions: [value] } }, pod)
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error
      }
    }),
    { numRuns: 2_000 },
  )
})

test('no bytes do more than decode or be refused', () => {
  const whole = encodeProtobuf(decodeValue({ metadata: { name: 'a' }, data: { a: 'b' } }, configMap).object, configMap)
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
      const broken = Uint8Array.from(whole)
      broken[at] = byte
      try {
        decodeMessage(readEnvelope(broken).raw, configMap)
      } catch (error) {
        if (!(error instanceof ProtobufError || error instanceof DecodeError)) throw error
      }
    }),
    { numRuns: 3_000 },
  )
})

const at = { nowMs: Date.UTC(2024, 0, 1), apiVersion: 'apps/v1', schema: deployment }

test('a create is tracked as upstream does', () => {
  const after = decodeValue({ metadata: { name: 'd', labels: { a: 'b' } }, spec: { replicas: 1 } }, deployment).object
  assert.deepEqual(trackUpdate({ ...at, manager: 'm', after }), [
    {
      manager: 'm',
      operation: 'Update',
      apiVersion: 'apps/v1',
      time: '2024-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } }, 'f:spec': { 'f:replicas': {} } },
    },
  ])
})

const application = (image: string, more: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: { template: { spec: { containers: [{ name: 'c', image, ...more }] } } },
})

test('apply merges, takes back what is applied no more, and refuses what others own', () => {
  const first = apply({ ...at, manager: 'a', applied: application('i:1', { workingDir: '/x' }), force: false })
  assert.ok(first.ok)
  const live = decodeValue(first.object, deployment).object
  const second = apply({ ...at, manager: 'a', live, applied: application('i:2'), force: false })
  assert.ok(second.ok)
  const merged = decodeValue(second.object, deployment).object as {
    spec: { template: { spec: { containers: unknown } } }
  }
  assert.deepEqual(merged.spec.template.spec.containers, [{ name: 'c', image: 'i:2', resources: {} }])
  const refused = apply({ ...at, manager: 'b', live: merged as object, applied: application('i:3'), force: false })
  assert.ok(!refused.ok)
  const place = '.spec.template.spec.containers[name="c"].image'
  assert.equal(refused.message, `Apply failed with 1 conflict: conflict with "a": ${place}`)
  const forced = apply({ ...at, manager: 'b', live: merged as object, applied: application('i:3'), force: true })
  assert.ok(forced.ok)
  assert.deepEqual(
    forced.object.metadata?.managedFields?.map(({ manager }) => manager),
    ['a', 'b'],
  )
})
