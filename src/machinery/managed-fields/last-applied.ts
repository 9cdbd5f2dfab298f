import { jsonText } from '../format-json.ts'
import type { DeepReadonly, KubeObject } from '../object.ts'
import { compareObjects } from './compare.ts'
import type { FieldSet } from './field-set.ts'
import { isMap } from './shape.ts'
import { toFieldSet } from './to-field-set.ts'
import { type Tracking, withoutChanges, withoutManagedFields } from './track-update.ts'

/**
 * How `kubectl apply --server-side` takes over what client-side apply made: its annotation says which fields were
 * kubectl's. After apimachinery util/managedfields/internal lastappliedmanager.go and lastappliedupdater.go v1.36.
 */
export const lastAppliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration'

/** The only manager upstream does this for. */
export const kubectlManager = 'kubectl'

/** What all annotations may take together; past it the annotation goes. */
const largestAnnotations = 256 * 1024

/** The fields that client-side apply set and nobody has changed since. */
export function fieldsLastApplied(
  live: DeepReadonly<KubeObject>,
  { schema, apiVersion }: Tracking,
): FieldSet | undefined {
  const text = live.metadata?.annotations?.[lastAppliedAnnotation]
  const config = text ? parseObject(text) : undefined
  if (config === undefined || config.apiVersion !== apiVersion) return undefined
  return withoutChanges(toFieldSet(config, schema), compareObjects(withoutManagedFields(live), config, schema))
}

/** Writes what is applied into the annotation, where the object has one, so that client-side apply can go on. */
export function syncLastApplied(object: KubeObject, applied: DeepReadonly<KubeObject>): KubeObject {
  const annotations = object.metadata?.annotations
  if (!annotations?.[lastAppliedAnnotation]) return object
  const { [lastAppliedAnnotation]: _old, ...others } = annotations
  const value = `${jsonText(sorted(withoutAnnotation(applied)))}\n`
  const size = Object.entries(others).reduce((sum, [name, text]) => sum + name.length + text.length, value.length)
  const kept = size > largestAnnotations ? others : { ...annotations, [lastAppliedAnnotation]: value }
  return { ...object, metadata: { ...object.metadata, annotations: kept } }
}

function withoutAnnotation(applied: DeepReadonly<KubeObject>): DeepReadonly<KubeObject> {
  const annotations = applied.metadata?.annotations
  if (annotations === undefined) return applied
  const { [lastAppliedAnnotation]: _annotation, ...others } = annotations
  return { ...applied, metadata: { ...applied.metadata, annotations: others } }
}

/** Upstream writes the members of free-form objects by name. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isMap(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]))
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMap(value) ? value : undefined
  } catch (error) {
    // Whatever stands in an annotation: it is no configuration then.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
