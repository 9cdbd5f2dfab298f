import type { Strategy } from '../../api/resource-definition.ts'
import { conflict, type FieldError, invalid, notFound, optimisticLockMessage } from '../../machinery/errors.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import { metadataErrors, metadataUpdateErrors } from '../../machinery/object-metadata.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Entry } from '../../store/store.ts'
import { admissionAttributes } from './admit.ts'
import { contextOf, createObject } from './create.ts'
import { equalValues } from './equal.ts'
import { keepFieldTimes } from './field-manager.ts'
import { ownFinalizersErrors } from './own-finalizers.ts'
import { dryRunObject, servedEntry, storageFormOf } from './remote-conversion.ts'
import { invalidObject, objectStoreKey, type ResourceRequest, resourceName } from './resource-request.ts'
import { parseRevision, watchRevisionError } from './resource-version.ts'
import { readPath } from './scale-paths.ts'
import { isUnchanged, type ServedObject, servedObject, unstoredObject } from './stored-object.ts'
import { type Draft, matchNamespace } from './write-metadata.ts'
import { optionsObject, type WriteOptions } from './write-options.ts'

export interface Update {
  readonly request: ResourceRequest
  readonly options: WriteOptions
  /** Of the resource, or of the subresource that is written. */
  readonly strategy: Strategy
  /** The object must have this uid. */
  readonly uid?: string | undefined
  /** A name that is not there is created. */
  readonly allowCreate: boolean
  /**
   * The new object, made of the one that is there. Called again with the newest one when somebody else was faster.
   * What it returns has passed mutating admission, and is given up.
   */
  readonly change: (current: DeepReadonly<KubeObject> | undefined) => Promise<Draft>
}

export interface Updated {
  readonly served: ServedObject
  readonly created: boolean
}

/** Lost races before a write is given up: more than any honest crowd of writers needs. */
const maxAttempts = 100

/** Read, change, check, write if nobody else has. After registry/generic/registry/store.go Update v1.36. */
export async function updateObject(update: Update): Promise<Updated> {
  const { request } = update
  const { definition, namespace, name, services } = request
  const key = objectStoreKey(definition, namespace, name)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const entry = services.store.get(key)
    const updated = entry ? await updateExisting(update, entry) : await createMissing(update)
    if (updated) return updated
  }
  throw conflict(resourceName(definition), name, optimisticLockMessage)
}

async function createMissing({ request, options, allowCreate, change }: Update): Promise<Updated | undefined> {
  if (!allowCreate) throw notFound(resourceName(request.definition), request.name)
  const draft = await change(undefined)
  await request.services.authorizeCreate(request.context)
  try {
    return { served: await createObject(request, draft, options), created: true }
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'AlreadyExists' && existsNow(request)) return undefined
    throw error
  }
}

function existsNow({ definition, namespace, name, services }: ResourceRequest): boolean {
  return services.store.get(objectStoreKey(definition, namespace, name)) !== undefined
}

/** Undefined: somebody else was faster. */
async function updateExisting(update: Update, entry: Entry): Promise<Updated | undefined> {
  const { request, options, change } = update
  const { definition, services } = request
  const served = await servedEntry(entry, definition)
  const current = served.object
  assertUid(update, current, entry.key)
  const draft = await change(current)
  checkResourceVersion(update, draft, current)
  const fields = await services.serverFields.begin({ definition, draft, old: current, dryRun: options.dryRun })
  try {
    await checkChange(update, draft, current)
    const written = await store(update, entry, draft)
    if (written && !options.dryRun) await fields?.commit()
    else await fields?.rollback()
    return written && { served: written === 'unchanged' ? served : written, created: false }
  } catch (error) {
    await fields?.rollback()
    throw error
  }
}

function assertUid({ request, uid, options }: Update, current: DeepReadonly<KubeObject>, key: string): void {
  const actual = current.metadata?.uid
  if (uid === undefined || uid === '' || uid === actual) return
  const failed = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${actual}`
  // A dry run does not get as far as the store, which puts the prefix before its keys.
  const shown = options.dryRun ? key.slice('/registry'.length) : key
  const why = `StorageError: invalid object, Code: 4, Key: ${shown}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`
  throw conflict(resourceName(request.definition), request.name, why)
}

/** Without a version the newest is overwritten, where the kind allows that; with one it must be the newest. */
function checkResourceVersion({ request, strategy }: Update, draft: Draft, current: DeepReadonly<KubeObject>): void {
  const { definition, name } = request
  const wanted = revisionOf(draft.metadata)
  const actual = current.metadata!.resourceVersion!
  if (wanted === 0) {
    if (strategy.allowUnconditionalUpdate === false) {
      const errors = [invalidField('metadata.resourceVersion', 0, 'must be specified for an update')]
      throw invalid({ group: definition.group, kind: definition.plural }, name, errors)
    }
    draft.metadata.resourceVersion = actual
  } else if (String(wanted) !== actual) {
    throw conflict(resourceName(definition), name, optimisticLockMessage)
  }
}

function revisionOf({ resourceVersion }: ObjectMeta): number {
  if (!resourceVersion) return 0
  const parsed = parseRevision(resourceVersion)
  if (!parsed.ok) throw watchRevisionError(parsed.why)
  return parsed.revision
}

/** After registry/rest/update.go BeforeUpdate v1.36. */
async function checkChange(update: Update, draft: Draft, current: DeepReadonly<KubeObject>): Promise<void> {
  const { request, options, strategy } = update
  const { context, services } = request
  matchNamespace(draft.metadata, request)
  const strategyContext = contextOf(request, options)
  setGeneration(draft.metadata, current.metadata!.generation)
  strategy.prepareForUpdate?.(draft, current, strategyContext)
  countGeneration(strategy, draft, current)
  keepIdentity(draft.metadata, current.metadata!)
  const own = strategy.validateUpdate?.(draft, current, strategyContext) ?? []
  const errors = changeErrors(update, { metadata: draft.metadata, old: current.metadata!, own })
  if (errors.length > 0) throw invalidObject(request.definition, draft.metadata.name ?? '', errors)
  for (const warning of strategy.warnings?.(draft, current) ?? []) context.warnings.push(warning)
  keepFieldTimes(request, draft, current)
  await services.admission.validate(updateAttributes(request, draft, current, options))
}

export function updateAttributes(
  request: ResourceRequest,
  draft: Draft,
  current: DeepReadonly<KubeObject>,
  options: WriteOptions,
) {
  return admissionAttributes(request, {
    operation: 'UPDATE',
    name: request.name,
    object: draft,
    oldObject: current,
    options: optionsObject('UpdateOptions', options),
    dryRun: options.dryRun,
  })
}

function setGeneration(metadata: ObjectMeta, generation: number | undefined): void {
  if (generation === undefined) delete metadata.generation
  else metadata.generation = generation
}

function countGeneration({ generationFields }: Strategy, draft: Draft, current: DeepReadonly<KubeObject>): void {
  const isChanged = (path: string) => !equalValues(readPath(draft, path), readPath(current, path))
  if (generationFields?.some(isChanged)) draft.metadata.generation = (current.metadata?.generation ?? 0) + 1
}

/** What a client may leave out of an update, and what it cannot take back. */
function keepIdentity(metadata: ObjectMeta, old: DeepReadonly<ObjectMeta>): void {
  if (!metadata.uid) metadata.uid = old.uid!
  if (old.creationTimestamp) metadata.creationTimestamp = old.creationTimestamp
  if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp
  if (old.deletionGracePeriodSeconds !== undefined) {
    metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds
  }
}

/** Upstream checks metadata twice, once for every kind and once in the kind's own rules. */
interface MetadataChange {
  readonly metadata: ObjectMeta
  readonly old: DeepReadonly<ObjectMeta>
  /** What the kind's own rules say of the rest. */
  readonly own: readonly FieldError[]
}

function changeErrors({ request, strategy }: Update, { metadata, old, own }: MetadataChange): FieldError[] {
  const { definition } = request
  const change = metadataUpdateErrors(metadata, old)
  const finalizers = ownFinalizersErrors(definition, metadata)
  const again = {
    whole: () => [
      ...metadataErrors(metadata, definition.namespaced, definition.validateName ?? pathSegmentName),
      ...finalizers,
    ],
    change: () => [...change, ...finalizers],
    own: () => own,
  }
  const ownChecks = strategy.metadataChecksOnUpdate ?? ['change']
  return [
    ...metadataErrors(metadata, definition.namespaced, pathSegmentName),
    ...change,
    ...ownChecks.flatMap((check) => again[check]()),
    ...(ownChecks.includes('own') ? [] : own),
  ]
}

async function store(
  { request, options }: Update,
  entry: Entry,
  draft: Draft,
): Promise<ServedObject | 'unchanged' | undefined> {
  const { definition, services } = request
  if (isReleased(request, draft, servedObject(entry, definition).object))
    return removeReleased(request, entry, draft, options)
  if (options.dryRun) return dryRunObject(definition, draft)
  const form = await storageFormOf(definition, draft)
  if (isUnchanged(form, entry)) return 'unchanged'
  const { key, revision } = entry
  const result = await services.store.write({ key, value: form.bytes, expected: revision, attachment: form })
  return result.ok ? servedEntry(result.entry, definition) : undefined
}

/** Whether this write takes the last finalizer off an object that waits to be deleted. */
function isReleased({ services, definition }: ResourceRequest, draft: Draft, old: DeepReadonly<KubeObject>): boolean {
  if (draft.metadata.finalizers?.length || !old.metadata?.deletionTimestamp) return false
  return !old.metadata.deletionGracePeriodSeconds && services.serverFields.mayGo(definition, draft)
}

async function removeReleased(
  request: ResourceRequest,
  { key, revision }: Entry,
  draft: Draft,
  { dryRun }: WriteOptions,
): Promise<ServedObject | undefined> {
  const { definition, services } = request
  const last = unstoredObject(definition, draft)
  if (dryRun) return last
  const result = await services.store.write({ key, value: undefined, expected: revision })
  if (!result.ok) return undefined
  await services.serverFields.afterDelete(definition, last.object)
  return last
}
