import type { ResourceDefinition, Strategy } from '../../api/resource-definition.ts'
import { conflict } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import { foregroundFinalizer, orphanFinalizer } from '../../machinery/object-metadata.ts'
import { kindName } from './resource-request.ts'
import { timeText } from './write-metadata.ts'
import type { DeleteOptions } from './write-options.ts'

/** What a DELETE means for an object. */
export type Deletion =
  /** It waits for its grace period already, and this request does not shorten it. */
  | { readonly kind: 'pending' }
  /** It stays for a while, marked. */
  | { readonly kind: 'graceful'; readonly metadata: ObjectMeta; readonly gracePeriodSeconds: number }
  /** Nothing but finalizers can hold it. */
  | { readonly kind: 'immediate' }

export interface DeletionContext {
  readonly definition: ResourceDefinition
  readonly options: DeleteOptions
  readonly nowMs: number
}

/** After registry/rest/delete.go BeforeDelete v1.36. Throws 409 when a precondition does not hold. */
export function beforeDelete(object: DeepReadonly<KubeObject>, context: DeletionContext): Deletion {
  const { definition, options, nowMs } = context
  const metadata = object.metadata!
  assertPreconditions(metadata, context)
  const { gracePeriodSeconds: graceOf } = definition.strategy
  if (!graceOf) return { kind: 'immediate' }
  if (metadata.deletionTimestamp) return deleteAgain(metadata, options.gracePeriodSeconds, nowMs)
  const seconds = graceOf(object, options.gracePeriodSeconds)
  if (seconds === undefined) return { kind: 'immediate' }
  const marked: ObjectMeta = {
    ...(metadata as ObjectMeta),
    deletionTimestamp: timeText(nowMs + seconds * 1_000),
    deletionGracePeriodSeconds: seconds,
  }
  if (metadata.generation) marked.generation = metadata.generation + 1
  return { kind: 'graceful', metadata: marked, gracePeriodSeconds: seconds }
}

function deleteAgain(metadata: DeepReadonly<ObjectMeta>, requested: number | undefined, nowMs: number): Deletion {
  const current = metadata.deletionGracePeriodSeconds ?? 0
  if (current === 0) return { kind: 'immediate' }
  if (requested === undefined || requested >= current) return { kind: 'pending' }
  const shortened = Date.parse(metadata.deletionTimestamp!) - current * 1_000 + requested * 1_000
  const isPast = shortened < nowMs
  const seconds = isPast && requested !== 0 ? 1 : requested
  const marked: ObjectMeta = {
    ...(metadata as ObjectMeta),
    deletionTimestamp: timeText(isPast ? nowMs : shortened),
    deletionGracePeriodSeconds: seconds,
  }
  return { kind: 'graceful', metadata: marked, gracePeriodSeconds: seconds }
}

function assertPreconditions(metadata: DeepReadonly<ObjectMeta>, { definition, options }: DeletionContext): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`
    throw conflict(kindName(definition), metadata.name!, why)
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`
    throw conflict(kindName(definition), metadata.name!, why)
  }
}

/** The marks of an object that only its finalizers hold. After store.go markAsDeleting. */
export function markAsDeleting(metadata: ObjectMeta, nowMs: number): ObjectMeta {
  const { deletionTimestamp, generation } = metadata
  const isLater = deletionTimestamp !== undefined && Date.parse(deletionTimestamp) > nowMs
  return {
    ...metadata,
    ...(deletionTimestamp === undefined && generation ? { generation: generation + 1 } : {}),
    deletionTimestamp: deletionTimestamp === undefined || isLater ? timeText(nowMs) : deletionTimestamp,
    deletionGracePeriodSeconds: 0,
  }
}

/** The finalizers an object has after a DELETE with these options. After deletionFinalizersForGarbageCollection. */
export function deletionFinalizers(
  metadata: DeepReadonly<ObjectMeta>,
  options: DeleteOptions,
  strategy: Strategy,
): readonly string[] {
  const old = metadata.finalizers ?? []
  const kept = old.filter((finalizer) => finalizer !== orphanFinalizer && finalizer !== foregroundFinalizer)
  const added = propagationFinalizer(old, options, strategy)
  const finalizers = added === undefined ? kept : [...kept, added]
  const isSame = finalizers.length === old.length && finalizers.every((finalizer) => old.includes(finalizer))
  return isSame ? old : finalizers
}

function propagationFinalizer(
  old: readonly string[],
  { orphanDependents, propagationPolicy }: DeleteOptions,
  { defaultPropagation }: Strategy,
): string | undefined {
  if (orphanDependents !== undefined) return orphanDependents ? orphanFinalizer : undefined
  switch (propagationPolicy) {
    case 'Orphan':
      return orphanFinalizer
    case 'Foreground':
      return foregroundFinalizer
    case 'Background':
      return undefined
  }
  const wanted = old.find((finalizer) => finalizer === orphanFinalizer || finalizer === foregroundFinalizer)
  return wanted ?? (defaultPropagation === 'Orphan' ? orphanFinalizer : undefined)
}
