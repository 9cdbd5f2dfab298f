import type { Strategy } from '../../api/resource-definition.ts'
import { reset, resetAllBut } from '../../api/strategy.ts'
import type { CustomResourceSubresources } from '../../api/types/apiextensions/v1.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import type { StructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'
import { equalValues } from '../rest/equal.ts'
import { finalizerWarnings } from './finalizer-warnings.ts'
import { changedObjectErrors, changedStatusErrors, newObjectErrors } from './object-errors.ts'

export interface StrategyOptions {
  readonly schema: () => StructuralSchema
  readonly subresources: DeepReadonly<CustomResourceSubresources> | undefined
}

/** What writes of custom objects may do. After apiextensions-apiserver registry/customresource/strategy.go v1.36. */
export function customStrategy({ schema, subresources = {} }: StrategyOptions): Strategy {
  const hasStatus = subresources.status !== undefined
  const { scale } = subresources
  return {
    allowUnconditionalUpdate: false,
    prepareForCreate(draft) {
      if (hasStatus) delete (draft as { status?: unknown }).status
      draft.metadata!.generation = 1
    },
    prepareForUpdate(draft, old) {
      if (hasStatus) reset(draft, old, 'status')
      if (isChanged(draft, old)) draft.metadata!.generation = (old.metadata?.generation ?? 0) + 1
    },
    validate: (object) => newObjectErrors(object, { schema: schema(), scale }),
    validateUpdate: (object, old) => changedObjectErrors(object, old, { schema: schema(), scale }),
    warnings: (object, old) => finalizerWarnings(object.metadata?.finalizers ?? [], old?.metadata?.finalizers ?? []),
  }
}

/** The strategy of `/status`: nothing else is written, not even metadata. After status_strategy.go. */
export function customStatusStrategy({ schema, subresources = {} }: StrategyOptions): Strategy {
  const { scale } = subresources
  return {
    allowUnconditionalUpdate: false,
    resetFields: [['metadata']],
    prepareForUpdate(draft, old) {
      resetAllBut(draft, old, ['status'])
      keepMetadata(draft, old)
    },
    validateUpdate: (object, old) => changedStatusErrors(object, old, { schema: schema(), scale }),
  }
}

/** All that is not metadata counts for the generation. */
function isChanged({ metadata: _new, ...draft }: KubeObject, { metadata: _old, ...old }: DeepReadonly<KubeObject>) {
  return !equalValues(draft, old)
}

/** Everything but who manages what, which the write has changed already. */
function keepMetadata(draft: KubeObject, old: DeepReadonly<KubeObject>): void {
  const { managedFields } = draft.metadata!
  draft.metadata = { ...(old.metadata as ObjectMeta), ...(managedFields && { managedFields }) }
  if (!managedFields) delete draft.metadata.managedFields
}
