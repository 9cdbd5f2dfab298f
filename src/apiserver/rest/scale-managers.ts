import type { ScalePaths } from '../../api/resource-definition.ts'
import { FieldSet } from '../../machinery/managed-fields/field-set.ts'
import { type Manager, type Managers, readManagers, writeManagers } from '../../machinery/managed-fields/managers.ts'
import type { DeepReadonly, ManagedFieldsEntry } from '../../machinery/object.ts'

/** Who manages the number of replicas, as the object says it and as its scale does. After scalehandler.go v1.36. */
export interface ScaleManagersOptions {
  /** Of the object. */
  readonly entries: readonly DeepReadonly<ManagedFieldsEntry>[] | undefined
  readonly apiVersion: string
  readonly paths: ScalePaths
}

const scaleApiVersion = 'autoscaling/v1'
const replicasInScale = ['f:spec', 'f:replicas']

/** The managers that the scale of an object has: those of the object that manage its number of replicas. */
export function scaleManagers(options: ScaleManagersOptions): ManagedFieldsEntry[] {
  const managers: Managers = new Map()
  for (const [key, { identity, time, set }] of managersOf(options.entries)) {
    const path = replicasPath(options, identity.apiVersion)
    if (!path || !hasPath(set, path)) continue
    managers.set(key, { identity: { ...identity, apiVersion: scaleApiVersion }, time, set: setOf(replicasInScale) })
  }
  return writeManagers(managers)
}

/**
 * The managers of an object after its scale was written. Who manages the number anew has no time, and who updated it
 * in the version of the object loses it to an entry of its own: upstream looks for them under the scale's version.
 */
export function parentManagers(
  options: ScaleManagersOptions,
  scaleEntries: readonly DeepReadonly<ManagedFieldsEntry>[] | undefined,
): ManagedFieldsEntry[] {
  const inScale = managersOf(scaleEntries)
  const managers: Managers = new Map()
  for (const [key, manager] of managersOf(options.entries)) {
    const path = replicasPath(options, manager.identity.apiVersion)
    if (path === undefined) continue
    const isKept = path === null || !hasPath(manager.set, path) || inScale.has(key)
    const set = isKept ? manager.set : manager.set.difference(setOf(path))
    if (!set.isEmpty) managers.set(key, { ...manager, set })
    if (path !== null && hasPath(manager.set, path)) inScale.delete(key)
  }
  const own = setOf(replicasPath(options, options.apiVersion)!)
  for (const [key, { identity, set }] of inScale) {
    if (!hasPath(set, replicasInScale)) continue
    managers.set(key, newManager({ ...identity, apiVersion: options.apiVersion }, own))
  }
  return writeManagers(managers)
}

function newManager(identity: Manager['identity'], set: FieldSet): Manager {
  return { identity, time: undefined, set }
}

/** Entries that cannot be read count as none. */
function managersOf(entries: readonly DeepReadonly<ManagedFieldsEntry>[] | undefined): Managers {
  return readManagers(entries as DeepReadonly<ManagedFieldsEntry[]> | undefined) ?? new Map()
}

/** `null`: objects of this version have no scale; `undefined`: there is no such version. */
function replicasPath(
  { apiVersion, paths }: ScaleManagersOptions,
  wanted: string,
): readonly string[] | null | undefined {
  const path = wanted === apiVersion ? paths.specReplicas : paths.specReplicasOfOthers?.[wanted]
  if (typeof path !== 'string') return path
  return path.split('.').flatMap((name) => (name === '' ? [] : [`f:${name}`]))
}

function hasPath(set: FieldSet, path: readonly string[]): boolean {
  let below: FieldSet | undefined = set
  for (const element of path) below = below?.children.get(element)
  return below?.member === true
}

function setOf(path: readonly string[]): FieldSet {
  const set = new FieldSet()
  let below = set
  for (const element of path) below = below.descend(element)
  below.member = true
  return set
}
