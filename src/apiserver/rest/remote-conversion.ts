import type { RemoteConversion, ResourceDefinition } from '../../api/resource-definition.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject } from '../../machinery/object.ts'
import type { Entry } from '../../store/store.ts'
import {
  addConverted,
  canonicalObject,
  convertedStorageForm,
  objectToConvert,
  type ServedObject,
  type StorageForm,
  servedObject,
  toStorageForm,
  unstoredObject,
} from './stored-object.ts'

/** How much one call may carry; a call's answer has a limit, and so has what the other side reads. */
const mostObjectsPerCall = 500
const mostBytesPerCall = 4 * 1024 * 1024

/**
 * Has all entries converted that need a call before `servedObject` shows them: to be awaited before it is asked, where
 * `definition.conversion?.remote` is set. What was converted stays with the entry. Rejects with a StatusError.
 */
export async function convertEntries(entries: readonly Entry[], definition: ResourceDefinition): Promise<void> {
  const remote = definition.conversion?.remote
  if (!remote) return
  for (const batch of batches(entries, definition)) {
    const converted = await remote.fromStorage(batch.map(({ object }) => object))
    for (const [index, { entry }] of batch.entries()) {
      // Who has waited for the same call may have been faster.
      if (objectToConvert(entry, definition)) addConverted(entry, definition, converted[index]!)
    }
  }
}

interface ToConvert {
  readonly entry: Entry
  readonly object: DeepReadonly<KubeObject>
}

function batches(entries: readonly Entry[], definition: ResourceDefinition): ToConvert[][] {
  const all: ToConvert[][] = []
  let bytes = 0
  for (const entry of entries) {
    const object = objectToConvert(entry, definition)
    if (!object) continue
    bytes += entry.value.byteLength
    const last = all.at(-1)
    if (last && last.length < mostObjectsPerCall && bytes <= mostBytesPerCall) last.push({ entry, object })
    else {
      all.push([{ entry, object }])
      bytes = entry.value.byteLength
    }
  }
  return all
}

/** As `servedObject`, after the call that may take. */
export function servedEntry(entry: Entry, definition: ResourceDefinition): ServedObject | Promise<ServedObject> {
  if (!definition.conversion?.remote) return servedObject(entry, definition)
  return convertEntries([entry], definition).then(() => servedObject(entry, definition))
}

/** As `toStorageForm`, after the call that may take. */
export function storageFormOf(definition: ResourceDefinition, draft: KubeObject): StorageForm | Promise<StorageForm> {
  const remote = remoteOf(definition)
  if (!remote) return toStorageForm(definition, draft)
  const { storageApiVersion } = definition.conversion!
  const stored = remote.toVersion(canonicalObject(definition, draft), storageApiVersion)
  return stored.then((converted) => convertedStorageForm(definition, converted))
}

/** As `unstoredObject`; upstream has even a dry run's result converted there and back. */
export function dryRunObject(definition: ResourceDefinition, draft: KubeObject): ServedObject | Promise<ServedObject> {
  const remote = remoteOf(definition)
  if (!remote) return unstoredObject(definition, draft)
  const { storageApiVersion } = definition.conversion!
  return remote
    .toVersion(canonicalObject(definition, draft), storageApiVersion)
    .then((stored) => remote.toVersion(stored, apiVersionOf(definition)))
    .then((served) => unstoredObject(definition, served))
}

/** Set where what is stored is another version than is served. */
function remoteOf(definition: ResourceDefinition): RemoteConversion | undefined {
  const { conversion } = definition
  return conversion?.storageApiVersion === apiVersionOf(definition) ? undefined : conversion?.remote
}
