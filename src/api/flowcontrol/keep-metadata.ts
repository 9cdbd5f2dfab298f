import type { KubeObject } from '../../machinery/object.ts'
import { reset } from '../strategy.ts'

/** A status write of flow control changes nothing of the metadata but its managed fields. */
export function keepMetadata(draft: KubeObject, old: { readonly metadata?: object }): void {
  const managedFields = draft.metadata?.managedFields
  reset(draft, old, 'metadata')
  // A copy in any case: the old metadata is shared and frozen, and the server writes to the draft's.
  draft.metadata = { ...draft.metadata, ...(managedFields && { managedFields }) }
}
