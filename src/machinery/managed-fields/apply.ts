import type { DeepReadonly, KubeObject, ManagedFieldsEntry } from '../object.ts'
import { jsonEqual } from '../patch/patch-error.ts'
import type { ObjectSchema } from '../schema.ts'
import type { StatusCause } from '../status.ts'
import { formatTime } from '../time.ts'
import { FieldSet } from './field-set.ts'
import { fieldsLastApplied, kubectlManager, syncLastApplied } from './last-applied.ts'
import {
  type Manager,
  type Managers,
  managerKey,
  readManagers,
  withoutServerFields,
  writeManagers,
} from './managers.ts'
import { mergeObjects, removeItems } from './merge.ts'
import { toFieldSet, withNamedFields } from './to-field-set.ts'
import {
  compareTracked,
  comparisonOf,
  dropEmpty,
  identityOf,
  type OtherVersions,
  type Tracking,
  trackUpdate,
  withoutChanges,
  withoutManagedFields,
} from './track-update.ts'

export interface Application extends Tracking {
  /** Absent: apply creates the object. */
  readonly live?: DeepReadonly<KubeObject>
  /** What is applied: as the client sent it, decoded but without defaults and without zero values filled in. */
  readonly applied: DeepReadonly<KubeObject>
  /** Takes fields from those who manage them. */
  readonly force: boolean
}

export type ApplyResult =
  | {
      readonly ok: true
      /** Without defaults; metadata holds the new managedFields. */
      readonly object: KubeObject
      /** Nothing but managedFields can differ from the live object. */
      readonly unchanged: boolean
    }
  | { readonly ok: false; readonly message: string; readonly causes: readonly StatusCause[] }

/**
 * Server-side apply: the live object with the applied one laid over it, without what this manager applied before and
 * applies no more; or the conflicts with others. After structured-merge-diff merge/update.go.
 */
export function apply(application: Application): ApplyResult {
  return finishApply(mergeApplied(application))
}

/** An application before anybody has looked for conflicts. */
export interface MergedApplication {
  readonly application: Application
  /** As it would be. */
  readonly object: KubeObject
  readonly managers: Managers
  readonly key: string
  readonly set: FieldSet
  readonly last: Manager | undefined
}

/** The first half of `apply`, for those who look at the change in other versions before the second. */
export function mergeApplied(application: Application): MergedApplication {
  const { schema, applied } = application
  const live: DeepReadonly<KubeObject> = application.live ?? {}
  const identity = identityOf(application, 'Apply')
  const key = managerKey(identity)
  const managers = managersOfLive(application)
  const config = withoutManagedFields(applied)
  const last = managers.get(key)
  const set = ignoring(toFieldSet(config, schema), application)
  managers.set(key, { identity, time: last?.time, set })
  const merged = mergeObjects(withoutManagedFields(live), config, schema)
  const object = last === undefined ? merged : prune({ merged, last: last.set, managers, schema })
  return { application, object: object as KubeObject, managers, key, set, last }
}

/** The second half: conflicts, or the object with its new managers. */
export function finishApply(merged: MergedApplication, others?: OtherVersions): ApplyResult {
  const { application, object, managers, key, set, last } = merged
  const { applied, force, nowMs, manager } = application
  const live: DeepReadonly<KubeObject> = application.live ?? {}
  const identity = identityOf(application, 'Apply')
  const conflicts = takeFromOthers(merged, others)
  const refusals = force ? [] : withoutAllowed(conflicts, application)
  if (refusals.length > 0) return refused(refusals)
  const unchanged = application.live !== undefined && jsonEqual(object, withoutManagedFields(live))
  const owned = withoutServerFields(set)
  managers.set(key, { identity, time: unchanged ? last?.time : formatTime(nowMs), set: owned })
  dropEmpty(managers)
  const result = withManagers({ ...object }, writeManagers(managers))
  return { ok: true, object: manager === kubectlManager ? syncLastApplied(result, applied) : result, unchanged }
}

/** kubectl may take from others what client-side apply had set. */
function withoutAllowed(conflicts: readonly Conflict[], application: Application): readonly Conflict[] {
  const { live, manager } = application
  if (manager !== kubectlManager || live === undefined || conflicts.length === 0) return conflicts
  const allowed = new Set(fieldsLastApplied(live, application)?.paths())
  return conflicts.filter(({ field }) => !allowed.has(field))
}

/** The live object's managers; of one that was never tracked, all belongs to `before-first-apply`. */
function managersOfLive({ live, ...application }: Application): Managers {
  const known = readManagers(live?.metadata?.managedFields) ?? new Map<string, Manager>()
  if (known.size > 0 || live === undefined) return known
  const entries = trackUpdate({ ...application, manager: 'before-first-apply', after: withoutManagedFields(live) })
  return readManagers(entries) ?? new Map()
}

function ignoring(set: FieldSet, { resetFields = [] }: Tracking): FieldSet {
  return resetFields.reduce((rest, path) => rest.without(path.map((name) => `f:${name}`)), set)
}

/** Removes what this manager applied last time, does not apply now, and nobody else manages. */
function prune(given: {
  merged: Readonly<Record<string, unknown>>
  last: FieldSet
  managers: Managers
  schema: ObjectSchema
}): Record<string, unknown> {
  const { merged, managers, schema } = given
  const named = (set: FieldSet) => withNamedFields(set, { kind: 'struct', schema })
  const placesOf = (object: Readonly<Record<string, unknown>>) => named(toFieldSet(object, schema))
  const last = named(given.last)
  const all = placesOf(merged)
  const managed = [...managers.values()].reduce((union, { set }) => union.union(set), new FieldSet())
  const withoutLast = placesOf(removeItems(merged, last, schema))
  const owned = removeItems(merged, all.difference(withoutLast.union(named(managed))), schema)
  return removeItems(merged, all.difference(placesOf(owned)).intersection(last), schema)
}

interface Conflict {
  readonly with: string
  readonly field: string
}

/** Takes what changes from its managers, and says from whom. */
function takeFromOthers(merged: MergedApplication, others: OtherVersions | undefined): Conflict[] {
  const { application, object, managers } = merged
  const own = compareTracked(application.live ?? {}, object, application)
  const conflicts: Conflict[] = []
  for (const [key, manager] of managers) {
    if (key === merged.key) continue
    const comparison = comparisonOf(manager.identity.apiVersion, own, others)
    if (!comparison) {
      managers.delete(key)
      continue
    }
    const changed = comparison.modified.union(comparison.added)
    for (const field of manager.set.intersection(changed).paths()) conflicts.push({ with: managerText(manager), field })
    managers.set(key, { ...manager, set: withoutChanges(manager.set, comparison) })
  }
  return conflicts
}

function managerText({ identity }: Manager): string {
  const { manager, operation, apiVersion, subresource } = identity
  const text = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`)
  return operation === 'Update' ? `${text} using ${apiVersion}` : text
}

/** In the words of apimachinery util/managedfields/internal conflict.go. */
function refused(conflicts: readonly Conflict[]): ApplyResult {
  const causes = conflicts.map((conflict) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${conflict.with}`,
    field: conflict.field,
  }))
  const [only] = conflicts
  if (conflicts.length === 1) {
    const message = `Apply failed with 1 conflict: conflict with ${only!.with}: ${only!.field}`
    return { ok: false, message, causes }
  }
  const managers = [...new Set(conflicts.map((conflict) => conflict.with))].sort()
  const lines = managers.flatMap((manager) => [
    `conflicts with ${manager}:`,
    ...conflicts.filter((conflict) => conflict.with === manager).map(({ field }) => `- ${field}`),
  ])
  return { ok: false, message: `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`, causes }
}

function withManagers(object: Readonly<Record<string, unknown>>, managedFields: ManagedFieldsEntry[]): KubeObject {
  return { ...object, metadata: { ...(object as KubeObject).metadata, managedFields } }
}
