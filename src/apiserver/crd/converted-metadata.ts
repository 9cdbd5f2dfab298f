import { aggregateMessage } from '../../machinery/aggregate.ts'
import type { FieldError } from '../../machinery/errors.ts'
import { goType } from '../../machinery/go-text.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { annotationsErrors, labelsErrors } from '../../machinery/object-metadata.ts'
import { isJsonObject } from '../../machinery/structural-schema/values.ts'

type Strings = Readonly<Record<string, string>>

/** Throws when a conversion has made another object of one. After validateConvertedObject of webhook_converter.go v1.36. */
export function assertSameObject(original: DeepReadonly<KubeObject>, converted: KubeObject): void {
  const same = (what: string, before = '', after: unknown = '') => {
    const now = typeof after === 'string' ? after : ''
    if (before !== now) throw new Error(`must have the same ${what}: ${before} != ${now}`)
  }
  const before = original.metadata ?? {}
  const after = isJsonObject(converted.metadata) ? (converted.metadata as KubeObject['metadata'])! : {}
  same('kind', original.kind, converted.kind)
  same('name', before.name, after.name)
  same('namespace', before.namespace, after.namespace)
  same('UID', before.uid, after.uid)
}

/**
 * The converted object with the metadata of the original one: only labels and annotations are the conversion's to
 * change. Throws where they are none. After restoreObjectMeta.
 */
export function withMetadataOf(original: DeepReadonly<KubeObject>, converted: KubeObject): KubeObject {
  const given: unknown = converted.metadata
  if (given === undefined) throw new Error('missing metadata in converted object')
  if (!isJsonObject(given)) throw new Error(`invalid metadata of type ${goType(given)} in converted object`)
  const { labels: oldLabels, annotations: oldAnnotations, ...metadata } = original.metadata ?? {}
  const labels = convertedStrings('labels', given.labels, oldLabels, (values) =>
    labelsErrors(values, 'metadata.labels'),
  )
  const annotations = convertedStrings('annotations', given.annotations, oldAnnotations, (values) =>
    annotationsErrors(values, 'metadata.annotation'),
  )
  return {
    ...converted,
    metadata: { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) } as KubeObject['metadata'],
  } as KubeObject
}

/** Labels or annotations; what is as it was is not checked again. */
function convertedStrings(
  field: string,
  given: unknown,
  old: DeepReadonly<Strings> = {},
  errorsOf: (values: Strings) => readonly FieldError[],
): Strings | undefined {
  if (given === undefined || given === null) return undefined
  if (!isJsonObject(given)) throw new Error(`invalid metadata.${field} of type ${goType(given)} in converted object`)
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === 'string') continue
    throw new Error(`metadata.${field}[${key}] must be a string, but is ${goType(value)} in converted object`)
  }
  const values = given as Strings
  const keys = Object.keys(values)
  const isSame = keys.length === Object.keys(old).length && keys.every((key) => values[key] === old[key])
  const errors = isSame ? [] : errorsOf(values)
  if (errors.length > 0) throw new Error(aggregateMessage(errors.map((error) => `${error.field}: ${error.detail}`)))
  return values
}
