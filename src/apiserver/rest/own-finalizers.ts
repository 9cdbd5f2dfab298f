import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { FieldError } from '../../machinery/errors.ts'
import type { ObjectMeta } from '../../machinery/object.ts'
import { unqualifiedFinalizersErrors } from '../../machinery/object-metadata.ts'
import { isOfExtension } from './protobuf.ts'

/** Groups whose validation knows only the metadata rules of apimachinery, not those of pkg/apis/core. */
const groupsWithoutRule: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
])

/**
 * What a kind's own validation says of finalizers: most built-in kinds want them standard or qualified. Some have no
 * rules for metadata of their own at all.
 */
export function ownFinalizersErrors(definition: ResourceDefinition, { finalizers }: ObjectMeta): FieldError[] {
  if (isOfExtension(definition) || groupsWithoutRule.has(definition.group)) return []
  if (!hasOwnMetadataRules(definition)) return []
  return unqualifiedFinalizersErrors(finalizers)
}

/** Whether the kind's own validation looks at metadata: that of budgets and of Events of the first API does not. */
export function hasOwnMetadataRules({ group, strategy }: ResourceDefinition): boolean {
  return strategy.metadataChecksOnUpdate?.length !== 0 || group === 'events.k8s.io'
}
