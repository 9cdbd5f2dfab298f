import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import { reset } from '../strategy.ts'
import type { FlowSchema } from '../types/flowcontrol/v1.ts'
import { flowSchemas } from '../types/resources.ts'

function applyDefaults({ spec }: FlowSchema): void {
  if (spec) spec.matchingPrecedence ||= 1_000
}

export const flowSchema = define(flowSchemas, {
  applyDefaults,
  generationFields: ['spec'],
  columns: [
    nameColumn,
    text('PriorityLevel', (object) => object.spec?.priorityLevelConfiguration?.name ?? ''),
    text('MatchingPrecedence', (object) => object.spec?.matchingPrecedence ?? 0),
    text('DistinguisherMethod', (object) => object.spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    text('MissingPL', (object) => object.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'),
  ],
  status: { prepareForUpdate: keepMetadata },
})

/** A status write changes the managed fields of the metadata alone. */
function keepMetadata(draft: FlowSchema, old: { readonly metadata?: object }): void {
  const managedFields = draft.metadata?.managedFields
  reset(draft, old, 'metadata')
  // A copy in any case: the old metadata is shared and frozen, and the server writes to the draft's.
  draft.metadata = { ...draft.metadata, ...(managedFields && { managedFields }) }
}
