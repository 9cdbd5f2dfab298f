import type { DeepReadonly, ManagedFieldsEntry } from '../object.ts'
import { FieldSet } from './field-set.ts'

/** Who manages what, by identity. After apimachinery util/managedfields v1.36. */
export type Managers = Map<string, Manager>

/** An entry of managedFields, read. */
export interface Manager {
  readonly identity: ManagerIdentity
  readonly time: string | undefined
  readonly set: FieldSet
}

export interface ManagerIdentity {
  readonly manager: string
  readonly operation: string
  readonly apiVersion: string
  readonly subresource: string
}

/** Upstream's BuildManagerIdentifier: who applies is the same whatever version it applies. */
export function managerKey({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  return JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource])
}

/** The managers of an object, or `undefined` when its managedFields cannot be read. */
export function readManagers(entries: DeepReadonly<ManagedFieldsEntry[]> | undefined): Managers | undefined {
  const managers: Managers = new Map()
  for (const entry of entries ?? []) {
    const { manager = '', operation = '', apiVersion = '', subresource = '', fieldsType, fieldsV1, time } = entry
    if ((operation !== 'Apply' && operation !== 'Update') || apiVersion === '') return undefined
    if (fieldsType !== 'FieldsV1') return undefined
    const identity = { manager, operation, apiVersion, subresource }
    managers.set(managerKey(identity), { identity, time, set: FieldSet.fromFieldsV1(fieldsV1 ?? {}) })
  }
  return managers
}

/** The entries as the object carries them: appliers first, then by time and name. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] {
  return [...managers.values()].sort(compareManagers).map(({ identity, time, set }) => ({
    manager: identity.manager,
    operation: identity.operation,
    apiVersion: identity.apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: set.toFieldsV1(),
    ...(identity.subresource !== '' && { subresource: identity.subresource }),
  }))
}

function compareManagers(a: Manager, b: Manager): number {
  const sortKey = ({ identity, time }: Manager) => [
    identity.operation,
    time ?? '',
    identity.manager,
    identity.apiVersion,
    identity.subresource,
  ]
  const [keysA, keysB] = [sortKey(a), sortKey(b)]
  const at = keysA.findIndex((key, index) => key !== keysB[index])
  return at < 0 ? 0 : keysA[at]! < keysB[at]! ? -1 : 1
}

/** As upstream, more updaters than this share an entry a version. */
const mostUpdaters = 10

/** Merges the oldest updaters into `ancient-changes` until there are few enough. After capmanagers.go. */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers].filter(([, { identity }]) => identity.operation === 'Update')
  const surplus = updaters.length - mostUpdaters
  if (surplus <= 0) return
  updaters.sort(([, a], [, b]) => compareManagers(a, b))
  for (const [key, { identity, time, set }] of updaters.slice(0, surplus + 1)) {
    const ancient = {
      manager: 'ancient-changes',
      operation: 'Update',
      apiVersion: identity.apiVersion,
      subresource: '',
    }
    const bucketKey = managerKey(ancient)
    if (key === bucketKey) continue
    const bucket = managers.get(bucketKey)
    managers.delete(key)
    managers.set(bucketKey, { identity: ancient, time, set: bucket === undefined ? set : bucket.set.union(set) })
  }
}

/** Fields nobody manages: the server's own, and what names the object. After stripmeta.go. */
const nobodys = FieldSet.fromFieldsV1({
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    '.': {},
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
  },
})

export function withoutServerFields(set: FieldSet): FieldSet {
  return set.difference(nobodys)
}
