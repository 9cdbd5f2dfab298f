import { conflict, notFound, optimisticLockMessage } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import type { Entry } from '../../store/store.ts'
import { admissionAttributes } from './admit.ts'
import { beforeDelete, type Deletion, deletionFinalizers, markAsDeleting } from './before-delete.ts'
import { dryRunObject, servedEntry, storageFormOf } from './remote-conversion.ts'
import { objectStoreKey, type ResourceRequest, resourceName } from './resource-request.ts'
import { isUnchanged, type ServedObject } from './stored-object.ts'
import type { Draft } from './write-metadata.ts'
import type { DeleteOptions } from './write-options.ts'

/** What became of an object that was to be deleted. */
export interface Deleted {
  readonly served: ServedObject
  /** False: it is still there, waiting for its grace period or finalizers. */
  readonly gone: boolean
}

/** Lost races before a delete is given up. */
const maxAttempts = 100

/** Deletes, or marks what may not go yet. After registry/generic/registry/store.go Delete v1.36. */
export async function deleteObject(request: ResourceRequest, name: string, options: DeleteOptions): Promise<Deleted> {
  const { definition, namespace, services } = request
  const key = objectStoreKey(definition, namespace, name)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const entry = services.store.get(key)
    if (!entry) throw notFound(resourceName(definition), name)
    const deleted = await deleteEntry(request, entry, options)
    if (deleted) return deleted
  }
  throw conflict(resourceName(definition), name, optimisticLockMessage)
}

/** Undefined: somebody else was faster. */
async function deleteEntry(
  request: ResourceRequest,
  entry: Entry,
  options: DeleteOptions,
): Promise<Deleted | undefined> {
  const { definition, services } = request
  const nowMs = services.clock.nowMs()
  const served = await servedEntry(entry, definition)
  const { object } = served
  const deletion = beforeDelete(object, { definition, options, nowMs })
  if (deletion.kind === 'pending') return { served, gone: false }
  await admitDelete(request, object, options)
  const draft = markedDraft(object, deletion, options, request, nowMs)
  const stays =
    !!draft?.metadata.finalizers?.length || (deletion.kind === 'graceful' && deletion.gracePeriodSeconds > 0)
  if (!draft) return removeEntry(request, entry, options)
  if (options.dryRun) return { served: await dryRunObject(definition, draft), gone: !stays }
  const form = await storageFormOf(definition, draft)
  if (isUnchanged(form, entry)) return { served, gone: false }
  const result = await services.store.write({
    key: entry.key,
    value: form.bytes,
    expected: entry.revision,
    attachment: form,
  })
  if (!result.ok) return undefined
  if (stays) return { served: await servedEntry(result.entry, definition), gone: false }
  return removeEntry(request, result.entry, options)
}

/** The object with the marks of its deletion; undefined when nothing but its removal is to be written. */
function markedDraft(
  object: DeepReadonly<KubeObject>,
  deletion: Deletion,
  options: DeleteOptions,
  { definition }: ResourceRequest,
  nowMs: number,
): Draft | undefined {
  const finalizers = deletionFinalizers(object.metadata!, options, definition.strategy)
  if (deletion.kind !== 'graceful' && finalizers.length === 0) return undefined
  const marks = deletion.kind === 'graceful' ? deletion.metadata : markAsDeleting(object.metadata as ObjectMeta, nowMs)
  const { finalizers: _old, ...metadata } = marks
  return {
    ...(object as KubeObject),
    metadata: finalizers.length > 0 ? { ...metadata, finalizers: [...finalizers] } : metadata,
  }
}

/** Takes the entry out of the store. */
export async function removeEntry(
  request: ResourceRequest,
  entry: Entry,
  { dryRun }: { readonly dryRun: boolean },
): Promise<Deleted | undefined> {
  const { definition, services } = request
  const served = await servedEntry(entry, definition)
  if (dryRun) return { served, gone: true }
  const result = await services.store.write({ key: entry.key, value: undefined, expected: entry.revision })
  if (!result.ok) return undefined
  const last = served.at(result.revision)
  await services.serverFields.afterDelete(definition, last.object)
  return { served: last, gone: true }
}

/** Throws when admission refuses the deletion. */
export async function admitDelete(
  request: ResourceRequest,
  object: DeepReadonly<KubeObject>,
  options: DeleteOptions,
): Promise<void> {
  const { admission } = request.services
  const attributes = admissionAttributes(request, {
    operation: 'DELETE',
    name: object.metadata!.name!,
    object: undefined,
    oldObject: object,
    options: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...definedOptions(options) },
    dryRun: options.dryRun,
  })
  await admission.mutate(attributes)
  await admission.validate(attributes)
}

function definedOptions({ dryRun, ...options }: DeleteOptions): Record<string, unknown> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(given), ...(dryRun ? { dryRun: ['All'] } : {}) }
}
