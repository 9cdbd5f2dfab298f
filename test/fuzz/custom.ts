import type { JSONSchemaProps } from '../../src/api/types/apiextensions/v1.ts'
import type { JsonObject } from './objects.ts'

/** A definition that has something of all that schemas can ask for, and objects of it that fit. */

const group = 'fuzz.example.com'
const text: JSONSchemaProps = { type: 'string' }

const schema: JSONSchemaProps = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 0, maximum: 100, default: 1 },
        ratio: { type: 'number' },
        port: { 'x-kubernetes-int-or-string': true },
        mode: { type: 'string', enum: ['on', 'off'] },
        name: { type: 'string', maxLength: 10, pattern: '^[a-z]*$' },
        when: { type: 'string', format: 'date-time' },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        labels: { type: 'object', additionalProperties: text, maxProperties: 5 },
        tags: { type: 'array', items: { ...text, maxLength: 20 }, 'x-kubernetes-list-type': 'set', maxItems: 10 },
        parts: {
          type: 'array',
          maxItems: 10,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { ...text, maxLength: 20 }, count: { type: 'integer', nullable: true, default: 2 } },
          },
        },
      },
      'x-kubernetes-validations': [
        { rule: 'self.size != 13', message: 'not this one' },
        { rule: '!has(self.name) || self.name == oldSelf.name', message: 'never changes', optionalOldSelf: false },
      ],
    },
    status: { type: 'object', properties: { replicas: { type: 'integer' } } },
  },
}

export const customDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `fuzzes.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { plural: 'fuzzes', singular: 'fuzz', kind: 'Fuzz', shortNames: ['fz'] },
    versions: ['v1', 'v2'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      schema: { openAPIV3Schema: schema },
      subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.replicas' } },
      selectableFields: [{ jsonPath: '.spec.mode' }],
      additionalPrinterColumns: [
        { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
        { name: 'Parts', type: 'string', jsonPath: '.spec.parts[*].name' },
      ],
    })),
  },
}

const specs: readonly JsonObject[] = [
  { size: 1 },
  { size: 2, ratio: 1.5, port: '80%', mode: 'on', name: 'abc', when: '2024-01-01T00:00:00Z', free: { a: [1, null] } },
  { size: 3, port: 80, labels: { a: 'b' }, tags: ['a', 'b'], parts: [{ name: 'a', count: null }, { name: 'b' }] },
]

export const customCollection = `/apis/${group}/v1/namespaces/ref-ns/fuzzes`

/** What creates, replaces, patches and applies such objects. */
export const customRequests = ['v1', 'v2'].flatMap((version) => {
  const collection = `/apis/${group}/${version}/namespaces/ref-ns/fuzzes`
  return specs.flatMap((spec, index) => {
    const request = { apiVersion: `${group}/${version}`, kind: 'Fuzz', metadata: { name: `f${index}` }, spec }
    const one = `${collection}/f${index}`
    const apply = { method: 'PATCH', path: `${one}?fieldManager=a`, contentType: 'application/apply-patch+yaml' }
    return [
      { method: 'POST', path: collection, request },
      { method: 'PUT', path: one, request },
      { ...apply, request },
      { method: 'PATCH', path: one, contentType: 'application/merge-patch+json', request: { spec } },
    ]
  })
})
