import { decodeValue } from '../decode.ts'
import type { DeepReadonly, KubeObject, ManagedFieldsEntry } from '../object.ts'
import type { ObjectSchema } from '../schema.ts'
import { formatTime } from '../time.ts'
import { type Comparison, compareObjects } from './compare.ts'
import type { FieldSet } from './field-set.ts'
import {
  capUpdaters,
  type ManagerIdentity,
  type Managers,
  managerKey,
  readManagers,
  withoutServerFields,
  writeManagers,
} from './managers.ts'

export interface Tracking {
  readonly schema: ObjectSchema
  readonly manager: string
  readonly apiVersion: string
  readonly subresource?: string
  readonly nowMs: number
  /** Places the write leaves as they are whatever it says, such as `[['status']]`; nobody comes to own them by it. */
  readonly resetFields?: readonly (readonly string[])[]
}

/**
 * What has changed as other versions of the kind show it, by apiVersion; `undefined`: there is no such version any more,
 * and its managers are forgotten. For versions that are not here fields are the same as in the own one.
 */
export type OtherVersions = ReadonlyMap<string, Comparison | undefined>

export interface UpdateTracking extends Tracking {
  /** Absent for a create. */
  readonly before?: DeepReadonly<KubeObject>
  /** As the client wants it, before the strategy resets what the write must not touch. */
  readonly after: DeepReadonly<KubeObject>
  readonly others?: OtherVersions | undefined
}

/**
 * The managedFields of an object after a create, update or patch. `undefined`: the object has none and is not tracked.
 * After apimachinery util/managedfields v1.36 and structured-merge-diff merge/update.go.
 */
export function trackUpdate(tracking: UpdateTracking): ManagedFieldsEntry[] | undefined {
  const { before, after, nowMs, others } = tracking
  const managers = managersOfWrite(tracking)
  if (managers.size === 0 && before !== undefined) return undefined
  const comparison = compareTracked(before, after, tracking)
  for (const [key, { identity, time, set }] of managers) {
    const seen = comparisonOf(identity.apiVersion, comparison, others)
    if (seen) managers.set(key, { identity, time, set: withoutChanges(set, seen) })
    else managers.delete(key)
  }
  const changed = withoutServerFields(comparison.modified.union(comparison.added))
  if (!changed.isEmpty) {
    const identity = identityOf(tracking, 'Update')
    const key = managerKey(identity)
    const set = managers.get(key)?.set.union(changed) ?? changed
    managers.set(key, { identity, time: formatTime(nowMs), set })
  }
  dropEmpty(managers)
  capUpdaters(managers)
  return managers.size === 0 ? undefined : writeManagers(managers)
}

/**
 * What the request says of managers counts, unless it says nothing or nonsense, or writes a subresource. One empty
 * entry resets them.
 */
function managersOfWrite({ before, after, subresource }: UpdateTracking): Managers {
  const entries = after.metadata?.managedFields
  if (!subresource && entries?.length === 1 && Object.keys(entries[0]!).length === 0) return new Map()
  const given = subresource ? undefined : readManagers(entries)
  if (given !== undefined && given.size > 0) return given
  return readManagers(before?.metadata?.managedFields) ?? new Map()
}

/** What changed from `before` (nothing yet: an object of zero values) to `after`, managedFields aside. */
export function compareTracked(
  before: DeepReadonly<KubeObject> | undefined,
  after: DeepReadonly<KubeObject>,
  { schema, resetFields = [] }: Pick<Tracking, 'schema' | 'resetFields'>,
): Comparison {
  const start = before === undefined ? decodeValue({}, schema).object : withoutManagedFields(before)
  const comparison = compareObjects(start, withoutManagedFields(after), schema)
  if (resetFields.length === 0) return comparison
  const kept = (set: Comparison['added']) =>
    resetFields.reduce((rest, path) => rest.without(path.map((name) => `f:${name}`)), set)
  return { added: kept(comparison.added), modified: kept(comparison.modified), removed: kept(comparison.removed) }
}

export function identityOf({ manager, apiVersion, subresource = '' }: Tracking, operation: string): ManagerIdentity {
  return { manager: manager === '' ? 'unknown' : manager, operation, apiVersion, subresource }
}

/** The change as managers of a version see it; `undefined`: there is no such version. */
export function comparisonOf(
  apiVersion: string,
  own: Comparison,
  others: OtherVersions | undefined,
): Comparison | undefined {
  return others?.has(apiVersion) ? others.get(apiVersion) : own
}

/** What a manager still owns when another has written. */
export function withoutChanges(set: FieldSet, { added, modified, removed }: Comparison): FieldSet {
  return set.difference(modified).difference(added).difference(removed)
}

export function dropEmpty(managers: Managers): void {
  for (const [key, { set }] of managers) if (set.isEmpty) managers.delete(key)
}

export function withoutManagedFields(object: DeepReadonly<KubeObject>): Readonly<Record<string, unknown>> {
  if (object.metadata?.managedFields === undefined) return object as Readonly<Record<string, unknown>>
  const { managedFields: _managedFields, ...metadata } = object.metadata
  return { ...object, metadata }
}
