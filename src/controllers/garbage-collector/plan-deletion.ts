import type { DeepReadonly, KubeObject, OwnerReference } from '../../machinery/object.ts'
import { foregroundFinalizer, orphanFinalizer } from './graph.ts'

export interface DeletionView {
  readonly object: DeepReadonly<KubeObject>
  /** The object's owner references, by what became of the owner. */
  readonly owners: {
    /** There, and staying. */
    readonly solid: readonly DeepReadonly<OwnerReference>[]
    /** Not there. */
    readonly absent: readonly DeepReadonly<OwnerReference>[]
    /** Being deleted in the foreground, so waiting for this object. */
    readonly waiting: readonly DeepReadonly<OwnerReference>[]
  }
  readonly dependents: number
  /** Whether one of the dependents is itself being deleted in the foreground. */
  readonly dependentWaits: boolean
}

export type DeletionAction =
  | { readonly type: 'keep' }
  /** Some owner stays: the object does too, and forgets the others. */
  | { readonly type: 'dropReferences'; readonly keep: readonly DeepReadonly<OwnerReference>[] }
  | {
      readonly type: 'delete'
      readonly policy: 'Orphan' | 'Foreground' | 'Background'
      /** Take `blockOwnerDeletion` off first: two objects that wait for each other would wait for ever. */
      readonly unblock: boolean
    }

/** What becomes of an object with these owners. After garbagecollector.go attemptToDeleteItem. */
export function planDeletion({ object, owners, dependents, dependentWaits }: DeletionView): DeletionAction {
  const { solid, absent, waiting } = owners
  if (solid.length + absent.length + waiting.length === 0) return { type: 'keep' }
  if (solid.length > 0) {
    return absent.length + waiting.length === 0 ? { type: 'keep' } : { type: 'dropReferences', keep: solid }
  }
  if (waiting.length > 0 && dependents > 0) return { type: 'delete', policy: 'Foreground', unblock: dependentWaits }
  const finalizers = object.metadata?.finalizers ?? []
  // What the user asked for when deleting it stays valid.
  if (finalizers.includes(orphanFinalizer)) return { type: 'delete', policy: 'Orphan', unblock: false }
  if (finalizers.includes(foregroundFinalizer)) return { type: 'delete', policy: 'Foreground', unblock: false }
  return { type: 'delete', policy: 'Background', unblock: false }
}
