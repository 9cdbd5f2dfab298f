import type { FieldError } from './errors.ts'
import { forbiddenField, invalidField, requiredField, tooLongField } from './field-errors.ts'
import { labelKeyErrors, labelValueErrors } from './label-syntax.ts'
import type { DeepReadonly, ManagedFieldsEntry, ObjectMeta, OwnerReference } from './object.ts'
import type { NameRule } from './object-names.ts'

/** What metadata may hold. After apimachinery api/validation/objectmeta.go v1.36, whose order of checks it keeps. */

const maxAnnotationBytes = 256 * 1024
const maxSubresourceBytes = 256
const immutable = 'field is immutable'

/** Everything wrong with the metadata of one object. */
export function metadataErrors(metadata: DeepReadonly<ObjectMeta>, namespaced: boolean, rule: NameRule): FieldError[] {
  const { name = '', generateName = '', namespace = '', generation = 0 } = metadata
  const errors: FieldError[] = []
  if (generateName !== '') {
    for (const why of rule(generateName, true)) errors.push(invalidField('metadata.generateName', generateName, why))
  }
  if (name === '') errors.push(requiredField('metadata.name', 'name or generateName is required'))
  else for (const why of rule(name, false)) errors.push(invalidField('metadata.name', name, why))
  if (namespaced && namespace === '') errors.push(requiredField('metadata.namespace'))
  if (!namespaced && namespace !== '') errors.push(forbiddenField('metadata.namespace', 'not allowed on this type'))
  if (generation < 0) {
    errors.push(invalidField('metadata.generation', generation, 'must be greater than or equal to 0'))
  }
  if (metadata.labels) errors.push(...labelsErrors(metadata.labels, 'metadata.labels'))
  if (metadata.annotations) errors.push(...annotationsErrors(metadata.annotations))
  if (metadata.ownerReferences) errors.push(...ownerReferencesErrors(metadata.ownerReferences))
  if (metadata.finalizers) errors.push(...finalizersErrors(metadata.finalizers))
  if (metadata.managedFields) errors.push(...managedFieldsErrors(metadata.managedFields))
  return errors
}

/** Everything wrong with a change of metadata. */
export function metadataUpdateErrors(metadata: DeepReadonly<ObjectMeta>, old: DeepReadonly<ObjectMeta>): FieldError[] {
  const errors: FieldError[] = []
  if (old.deletionTimestamp) errors.push(...newFinalizersErrors(metadata.finalizers ?? [], old.finalizers ?? []))
  if (!metadata.resourceVersion) {
    errors.push(invalidField('metadata.resourceVersion', '', 'must be specified for an update'))
  }
  const generation = metadata.generation ?? 0
  if (generation < (old.generation ?? 0)) {
    errors.push(invalidField('metadata.generation', generation, 'must not be decremented'))
  }
  for (const key of immutableKeys) {
    if (metadata[key] !== old[key])
      errors.push(invalidField(`metadata.${key}`, immutableValue(metadata, key), immutable))
  }
  if (metadata.labels) errors.push(...labelsErrors(metadata.labels, 'metadata.labels'))
  if (metadata.annotations) errors.push(...annotationsErrors(metadata.annotations))
  if (metadata.ownerReferences) errors.push(...ownerReferencesErrors(metadata.ownerReferences))
  if (metadata.managedFields) errors.push(...managedFieldsErrors(metadata.managedFields))
  return errors
}

const immutableKeys = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const

/** What Go prints for a field that is not set: empty strings, null pointers. */
function immutableValue(metadata: DeepReadonly<ObjectMeta>, key: (typeof immutableKeys)[number]): unknown {
  return metadata[key] ?? (key === 'name' || key === 'namespace' || key === 'uid' ? '' : null)
}

/** After meta/v1/validation ValidateLabels. */
export function labelsErrors(labels: Readonly<Record<string, string>>, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const key in labels) {
    for (const why of labelKeyErrors(key)) errors.push(invalidField(path, key, why))
    for (const why of labelValueErrors(labels[key]!)) errors.push(invalidField(path, labels[key], why))
  }
  return errors
}

/** After api/validation ValidateAnnotations. */
export function annotationsErrors(
  annotations: Readonly<Record<string, string>>,
  path = 'metadata.annotations',
): FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const key in annotations) {
    for (const why of labelKeyErrors(key.toLowerCase())) errors.push(invalidField(path, key, why))
    bytes += Buffer.byteLength(key) + Buffer.byteLength(annotations[key]!)
  }
  if (bytes > maxAnnotationBytes) errors.push(tooLongField(path, maxAnnotationBytes))
  return errors
}

function ownerReferencesErrors(references: readonly DeepReadonly<OwnerReference>[]): FieldError[] {
  const path = 'metadata.ownerReferences'
  const errors: FieldError[] = []
  let controller = ''
  for (const reference of references) {
    errors.push(...ownerReferenceErrors(reference, path))
    if (!reference.controller) continue
    const current = `${reference.kind}/${reference.name}`
    if (controller === '') controller = current
    else {
      const found = `Found "true" in references for ${controller} and ${current}`
      errors.push(invalidField(path, references, `Only one reference can have Controller set to true. ${found}`))
    }
  }
  return errors
}

function ownerReferenceErrors(reference: DeepReadonly<OwnerReference>, path: string): FieldError[] {
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference
  const errors: FieldError[] = []
  if (apiVersion === '' || apiVersion.endsWith('/') || apiVersion.split('/').length > 2) {
    errors.push(invalidField(`${path}.apiVersion`, apiVersion, 'version must not be empty'))
  }
  for (const [key, value] of Object.entries({ kind, name, uid })) {
    if (value === '') errors.push(invalidField(`${path}.${key}`, value, 'must not be empty'))
  }
  if (apiVersion === 'v1' && kind === 'Event') {
    errors.push(invalidField(path, reference, '/v1, Kind=Event is disallowed from being an owner'))
  }
  return errors
}

function finalizersErrors(finalizers: readonly string[]): FieldError[] {
  const path = 'metadata.finalizers'
  const errors = finalizers.flatMap((finalizer) =>
    labelKeyErrors(finalizer).map((why) => invalidField(path, finalizer, why)),
  )
  if (finalizers.includes(orphanFinalizer) && finalizers.includes(foregroundFinalizer)) {
    const why = `finalizer ${orphanFinalizer} and ${foregroundFinalizer} cannot be both set`
    errors.push(invalidField(path, finalizers, why))
  }
  return errors
}

/** Built-in kinds know their own finalizers: all others must be qualified. After validateKubeFinalizerName. */
export function unqualifiedFinalizersErrors(finalizers: readonly string[] = []): FieldError[] {
  return finalizers.flatMap((finalizer, index) => {
    if (finalizer.includes('/') || standardFinalizers.includes(finalizer)) return []
    const why = 'name is neither a standard finalizer name nor is it fully qualified'
    return [invalidField(`metadata.finalizers[${index}]`, finalizer, why)]
  })
}

/** Asks the garbage collector to let dependants live on. */
export const orphanFinalizer = 'orphan'
/** Asks the garbage collector to delete dependants first. */
export const foregroundFinalizer = 'foregroundDeletion'

const standardFinalizers: readonly string[] = ['kubernetes', orphanFinalizer, foregroundFinalizer]

function newFinalizersErrors(finalizers: readonly string[], old: readonly string[]): FieldError[] {
  const extra = [...new Set(finalizers.filter((finalizer) => !old.includes(finalizer)))].sort()
  if (extra.length === 0) return []
  const list = `[]string{${extra.map((name) => JSON.stringify(name)).join(', ')}}`
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`
  return [forbiddenField('metadata.finalizers', why)]
}

function managedFieldsErrors(entries: readonly DeepReadonly<ManagedFieldsEntry>[]): FieldError[] {
  return entries.flatMap(({ operation = '', fieldsType = '', manager = '', subresource = '' }, index) => {
    const path = `metadata.managedFields[${index}]`
    const errors: FieldError[] = []
    if (operation !== 'Apply' && operation !== 'Update') {
      errors.push(invalidField(`${path}.operation`, operation, 'must be `Apply` or `Update`'))
    }
    if (fieldsType !== '' && fieldsType !== 'FieldsV1') {
      errors.push(invalidField(`${path}.fieldsType`, fieldsType, 'must be `FieldsV1`'))
    }
    errors.push(...fieldManagerErrors(manager, `${path}.manager`))
    if (Buffer.byteLength(subresource) > maxSubresourceBytes) {
      errors.push(tooLongField(`${path}.subresource`, maxSubresourceBytes))
    }
    return errors
  })
}

const fieldManagerMaxBytes = 128

/** What keeps a string from naming a field manager. */
export function fieldManagerErrors(manager: string, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (Buffer.byteLength(manager) > fieldManagerMaxBytes) errors.push(tooLongField(path, fieldManagerMaxBytes))
  let position = 0
  for (const character of manager) {
    if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) {
      errors.push(
        invalidField(path, manager, `invalid character ${codePointText(character)} (at position ${position})`),
      )
    }
    position += Buffer.byteLength(character)
  }
  return errors
}

/** Go's %#U for characters that cannot be printed. */
function codePointText(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
}
