import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import type { Strategy, StrategyContext } from './resource-definition.ts'

type Fields = Record<string, unknown>

const identity: readonly string[] = ['apiVersion', 'kind', 'metadata']

/** Takes back every change a draft makes outside `kept` (and metadata): what was is what stays. */
export function resetAllBut(draft: KubeObject, old: DeepReadonly<KubeObject>, kept: readonly string[]): void {
  const fields = draft as Fields
  const before = old as Readonly<Fields>
  for (const name of new Set([...Object.keys(fields), ...Object.keys(before)])) {
    if (!identity.includes(name) && !kept.includes(name)) reset(fields, before, name)
  }
}

/** Gives one top-level field of a draft its old value, or takes it away. */
export function reset(draft: object, old: object, name: string): void {
  const value = (old as Readonly<Fields>)[name]
  if (value === undefined) delete (draft as Fields)[name]
  else (draft as Fields)[name] = value
}

/** A status write leaves this metadata alone. After apimachinery meta/v1 ResetObjectMetaForStatus. */
export function resetMetadataForStatus(draft: KubeObject, old: DeepReadonly<KubeObject>): void {
  if (!draft.metadata || !old.metadata) return
  for (const name of [
    'deletionTimestamp',
    'generation',
    'selfLink',
    'labels',
    'annotations',
    'finalizers',
    'ownerReferences',
  ]) {
    reset(draft.metadata, old.metadata, name)
  }
}

/**
 * The main resource of a kind with a status subresource: a write never changes the status, and a new object has an
 * empty one, made by `newStatus`, unless the kind lets it bring its own.
 */
export function withoutStatus<T extends KubeObject>(
  strategy: Strategy<T>,
  newStatus: (() => unknown) | undefined,
): Strategy<T> {
  return {
    ...strategy,
    prepareForCreate(draft: T, context: StrategyContext) {
      if (newStatus) (draft as Fields).status = newStatus()
      strategy.prepareForCreate?.(draft, context)
    },
    prepareForUpdate(draft: T, old: DeepReadonly<T>, context: StrategyContext) {
      reset(draft, old, 'status')
      strategy.prepareForUpdate?.(draft, old, context)
    },
  }
}

/** The strategy of a subresource that writes only the fields in `kept`. */
export function onlyFields<T extends KubeObject>(kept: readonly string[], strategy: Strategy<T>): Strategy<T> {
  return {
    ...strategy,
    prepareForUpdate(draft: T, old: DeepReadonly<T>, context: StrategyContext) {
      resetAllBut(draft, old, kept)
      strategy.prepareForUpdate?.(draft, old, context)
    },
  }
}
