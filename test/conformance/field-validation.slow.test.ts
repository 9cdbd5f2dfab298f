import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JSONSchemaProps } from '../../src/api/types/apiextensions/v1.ts'
import { formatYaml } from '../../src/machinery/yaml.ts'
import { conformanceCluster } from './api.ts'
import { anything, type Definition, define } from './definitions.ts'

const api = conformanceCluster({ components: ['apiserver'] })

const strict = 'fieldManager=field_validation_mgr&fieldValidation=Strict'

/** A Deployment with more members here and there, as JSON. */
const deployment = (metadata: string, spec: string, templateMetadata = '') => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": { "name": "my-dep", ${metadata} "labels": { "app": "nginx" } },
  "spec": {
    ${spec} "selector": { "matchLabels": { "app": "nginx" } },
    "template": {
      "metadata": { ${templateMetadata} "labels": { "app": "nginx" } },
      "spec": { "containers": [{ "name": "nginx", "image": "nginx:latest" }] }
    }
  }
}`

async function createDeployment(text: string): Promise<string> {
  const path = `/apis/apps/v1/namespaces/default/deployments?${strict}`
  const answer = await api().sendText({ method: 'POST', path, text, contentType: 'application/json' })
  assert.equal(answer.status, 400)
  return (JSON.parse(answer.text) as { message: string }).message
}

test('[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]', async () => {
  const message = await createDeployment(deployment('', '"unknownField": "foo", "replicas": 2, "replicas": 3,'))
  assert.match(message, /strict decoding error: unknown field "spec\.unknownField", duplicate field "spec\.replicas"/)
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]', async () => {
  const message = await createDeployment(deployment('"unknownMeta": "foo",', '', '"unknownMeta": "bar",'))
  assert.match(message, /unknown field "metadata\.unknownMeta"/)
  assert.match(message, /unknown field "spec\.template\.metadata\.unknownMeta"/)
})

const spec = {
  cronSpec: '* * * * */5',
  ports: [{ name: 'x', containerPort: 80, protocol: 'TCP' }],
}

const port: JSONSchemaProps = {
  type: 'object',
  required: ['containerPort', 'protocol'],
  properties: { name: { type: 'string' }, containerPort: { type: 'integer' }, protocol: { type: 'string' } },
}

const withSpec = (more: Partial<JSONSchemaProps> = {}, properties: Record<string, JSONSchemaProps> = {}) => ({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        foo: { type: 'string' },
        cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
        ports: { type: 'array', items: port },
        ...properties,
      },
      ...more,
    },
  },
})

function applied(
  definition: Definition,
  fields: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): string {
  const { group, version, kind } = definition.resource()
  return formatYaml({ apiVersion: `${group}/${version}`, kind, metadata: { name: 'mytest', ...metadata }, ...fields })
}

async function apply({ resource }: Definition, text: string): Promise<{ status: number; text: string }> {
  const { group, version, plural } = resource()
  const path = `/apis/${group}/${version}/${plural}/mytest?${strict}`
  return api().sendText({ method: 'PATCH', path, text, contentType: 'application/apply-patch+yaml' })
}

const ofCluster = (schema: JSONSchemaProps) => define(api(), { namespaced: false, schema })

test('[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema [Conformance]', async () => {
  const definition = await ofCluster(withSpec())
  const { status, text } = await apply(definition, applied(definition, { spec: { ...spec, foo: 'foo1' } }))
  assert.equal(status, 201, text)
})

test('[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]', async () => {
  const definition = await ofCluster(anything)
  const { status, text } = await apply(definition, applied(definition, { spec: { ...spec, unknown: 'uk1' } }))
  assert.equal(status, 201, text)
})

test('[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema [Conformance]', async () => {
  const definition = await ofCluster(withSpec())
  const { status, text } = await apply(definition, applied(definition, { unknownField: 'unknown', spec }))
  assert.notEqual(status, 201)
  assert.match(text, /\.unknownField: field not declared in schema/)
})

test('[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]', async () => {
  const template: JSONSchemaProps = {
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { metadata: { type: 'object', properties: { name: { type: 'string' } } } },
  }
  const definition = await ofCluster(withSpec({ 'x-kubernetes-preserve-unknown-fields': true }, { template }))
  const embedded = { apiVersion: 'foo/v1', kind: 'Sub', metadata: { unknownSubMeta: 'unknown', name: 'subobject' } }
  const whole = applied(definition, { spec: { ...spec, template: embedded } }, { unknownMeta: 'unknown' })
  const { status, text } = await apply(definition, whole)
  assert.notEqual(status, 201)
  assert.match(
    text,
    /(\.spec\.template\.metadata\.unknownSubMeta|\.metadata\.unknownMeta): field not declared in schema/,
  )
})

test('[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields [Conformance]', async () => {
  const definition = await ofCluster(withSpec({ 'x-kubernetes-preserve-unknown-fields': true }))
  const { group, version, kind } = definition.resource()
  const lines = ['', `apiVersion: ${group}/${version}`, `kind: ${kind}`, 'metadata:', '  name: mytest', 'spec:']
  const { status, text } = await apply(
    definition,
    [...lines, '  unknown: uk1', '  foo: foo1', '  foo: foo2'].join('\n'),
  )
  assert.notEqual(status, 201)
  assert.match(text, /line 9: key \\"foo\\" already set in map/)
})
