import type { Strategy } from '../../api/resource-definition.ts'
import { reset, resetAllBut } from '../../api/strategy.ts'
import type { CustomResourceSubresources } from '../../api/types/apiextensions/v1.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import { RuleValidator } from '../../machinery/structural-schema/rule-validator.ts'
import type { StructuralSchema } from '../../machinery/structural-schema/structural-schema.ts'
import { equalValues } from '../rest/equal.ts'
import { finalizerWarnings } from './finalizer-warnings.ts'
import { changedObjectErrors, changedStatusErrors, newObjectErrors, type ObjectRules } from './object-errors.ts'

export interface StrategyOptions {
  readonly schema: () => StructuralSchema
  readonly subresources: DeepReadonly<CustomResourceSubresources> | undefined
}

/** What writes of custom objects may do. After apiextensions-apiserver registry/customresource/strategy.go v1.36. */
export function customStrategy(options: StrategyOptions): Strategy {
  const hasStatus = options.subresources?.status !== undefined
  const rules = objectRules(options)
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
    validate: (object) => newObjectErrors(object, rules()),
    validateUpdate: (object, old, { warn }) => changedObjectErrors(object, old, rules(), warn),
    warnings: (object, old) => finalizerWarnings(object.metadata?.finalizers ?? [], old?.metadata?.finalizers ?? []),
  }
}

/** The strategy of `/status`: nothing else is written, not even metadata. After status_strategy.go. */
export function customStatusStrategy(options: StrategyOptions): Strategy {
  const rules = objectRules(options)
  return {
    allowUnconditionalUpdate: false,
    resetFields: [['metadata']],
    prepareForUpdate(draft, old) {
      resetAllBut(draft, old, ['status'])
      keepMetadata(draft, old)
    },
    validateUpdate: (object, old, { warn }) => changedStatusErrors(object, old, rules(), warn),
  }
}

/** What objects are held against; rules are compiled when the first object comes. */
function objectRules({ schema, subresources }: StrategyOptions): () => ObjectRules {
  let made: ObjectRules | undefined
  return () => {
    made ??= { schema: schema(), scale: subresources?.scale, rules: RuleValidator.of(schema(), true) }
    return made
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
