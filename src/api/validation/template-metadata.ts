import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, tooLongField } from '../../machinery/field-errors.ts'
import { labelKeyErrors } from '../../machinery/label-syntax.ts'
import type { DeepReadonly, ObjectMeta } from '../../machinery/object.ts'
import { checkForm, checkLabels } from './checks.ts'

const maxAnnotationBytes = 256 * 1024

/** The fields that are not for templates, in the order of Go's struct. */
const forbidden = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uID',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
] as const

/** Labels and annotations are all that a template of a claim may set. After core ValidateTemplateObjectMeta v1.36. */
export function checkTemplateMetadata(
  metadata: DeepReadonly<ObjectMeta> | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (!metadata) return
  let bytes = 0
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    checkForm((text) => labelKeyErrors(text.toLowerCase()), key, `${path}.annotations`, errors)
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLongField(`${path}.annotations`, maxAnnotationBytes))
  checkLabels(metadata.labels, `${path}.labels`, errors)
  const fields: Readonly<Record<string, unknown>> = { ...metadata, uID: metadata.uid }
  for (const name of forbidden) {
    // A pointer in Go: zero counts as set.
    const isSet = name === 'deletionGracePeriodSeconds' ? fields[name] !== undefined : Boolean(fields[name])
    if (isSet) errors.push(forbiddenField(`${path}.${name}`, 'cannot be set'))
  }
}
