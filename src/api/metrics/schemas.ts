import type { FieldSchema, FieldType, ObjectSchema } from '../../machinery/schema.ts'
import { schemaOf } from '../schema/schema.ts'

/** The types of the API `metrics.k8s.io`, which is no part of kube-apiserver. After k8s.io/metrics v1beta1. */

const packageName = 'io.k8s.metrics.pkg.apis.metrics.v1beta1'

export const metricsGroup = 'metrics.k8s.io'
export const metricsVersion = 'v1beta1'

const text: FieldType = { kind: 'scalar', scalar: 'string' }
const quantities: FieldType = { kind: 'map', values: { kind: 'scalar', scalar: 'Quantity' } }

function fieldsOf(...fields: readonly FieldSchema[]): ReadonlyMap<string, FieldSchema> {
  return new Map(fields.map((field) => [field.name, field]))
}

const typeMeta: readonly FieldSchema[] = [
  { name: 'kind', type: text },
  { name: 'apiVersion', type: text },
]

/** What a node and a Pod have in common. */
function measured(): readonly FieldSchema[] {
  const metadata = schemaOf('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta')
  return [
    ...typeMeta,
    { name: 'metadata', type: { kind: 'object', type: metadata }, number: 1, keepEmpty: true },
    { name: 'timestamp', type: { kind: 'scalar', scalar: 'Time' }, number: 2, required: true, keepEmpty: true },
    { name: 'window', type: { kind: 'scalar', scalar: 'Duration' }, number: 3, required: true, keepEmpty: true },
  ]
}

const kindNamed = (kind: string) => ({
  name: `${packageName}.${kind}`,
  groupVersionKinds: [{ group: metricsGroup, version: metricsVersion, kind }],
})

export function nodeMetricsSchema(): ObjectSchema {
  const usage: FieldSchema = { name: 'usage', type: quantities, number: 4, required: true, keepEmpty: true }
  return { ...kindNamed('NodeMetrics'), fields: fieldsOf(...measured(), usage) }
}

export function podMetricsSchema(): ObjectSchema {
  const container: ObjectSchema = {
    name: `${packageName}.ContainerMetrics`,
    fields: fieldsOf(
      { name: 'name', type: text, number: 1, required: true, keepEmpty: true },
      { name: 'usage', type: quantities, number: 2, required: true, keepEmpty: true },
    ),
  }
  const items: FieldType = { kind: 'object', type: container }
  const containers: FieldSchema = {
    name: 'containers',
    type: { kind: 'list', items },
    number: 4,
    required: true,
    keepEmpty: true,
    listType: 'atomic',
  }
  return { ...kindNamed('PodMetrics'), fields: fieldsOf(...measured(), containers) }
}
