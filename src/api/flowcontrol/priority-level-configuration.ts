import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { PriorityLevelConfiguration } from '../types/flowcontrol/v1.ts'
import { priorityLevelConfigurations } from '../types/resources.ts'
import { validatePriorityLevel, validatePriorityLevelStatus } from '../validation/flow-control/priority-level.ts'
import { keepMetadata } from './keep-metadata.ts'

function applyDefaults({ spec }: PriorityLevelConfiguration): void {
  const exempt = spec?.exempt
  if (exempt) {
    exempt.nominalConcurrencyShares ??= 0
    exempt.lendablePercent ??= 0
  }
  const limited = spec?.limited
  if (!limited) return
  limited.nominalConcurrencyShares ??= 30
  limited.lendablePercent ??= 0
  const queuing = limited.limitResponse?.queuing
  if (!queuing) return
  queuing.handSize ||= 8
  queuing.queues ||= 64
  queuing.queueLengthLimit ||= 50
}

export const priorityLevelConfiguration = define(priorityLevelConfigurations, {
  applyDefaults,
  generationFields: ['spec'],
  validate: validatePriorityLevel,
  validateUpdate: validatePriorityLevel,
  metadataChecksOnUpdate: ['whole'],
  status: {
    resetFields: [['metadata']],
    prepareForUpdate: keepMetadata,
    validateUpdate: validatePriorityLevelStatus,
    metadataChecksOnUpdate: [],
  },
  columns: [
    nameColumn,
    text('Type', (object) => object.spec?.type ?? ''),
    text('NominalConcurrencyShares', (object) => object.spec?.limited?.nominalConcurrencyShares ?? '<none>'),
    text('Queues', (object) => object.spec?.limited?.limitResponse?.queuing?.queues ?? '<none>'),
    text('HandSize', (object) => object.spec?.limited?.limitResponse?.queuing?.handSize ?? '<none>'),
    text('QueueLengthLimit', (object) => object.spec?.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>'),
    ageColumn,
  ],
})
