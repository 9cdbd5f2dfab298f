import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { FlowSchema } from '../types/flowcontrol/v1.ts'
import { flowSchemas } from '../types/resources.ts'
import { validateFlowSchema, validateFlowSchemaStatus } from '../validation/flow-control/flow-schema.ts'
import { keepMetadata } from './keep-metadata.ts'

function applyDefaults({ spec }: FlowSchema): void {
  if (spec) spec.matchingPrecedence ||= 1_000
}

export const flowSchema = define(flowSchemas, {
  applyDefaults,
  generationFields: ['spec'],
  validate: validateFlowSchema,
  validateUpdate: validateFlowSchema,
  metadataChecksOnUpdate: ['whole'],
  columns: [
    nameColumn,
    text('PriorityLevel', (object) => object.spec?.priorityLevelConfiguration?.name ?? ''),
    text('MatchingPrecedence', (object) => object.spec?.matchingPrecedence ?? 0),
    text('DistinguisherMethod', (object) => object.spec?.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    text('MissingPL', (object) => object.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'),
  ],
  status: {
    resetFields: [['metadata']],
    prepareForUpdate: keepMetadata,
    validateUpdate: validateFlowSchemaStatus,
    metadataChecksOnUpdate: [],
  },
})
