import type { DeepReadonly } from '../../machinery/object.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { StrategyContext } from '../resource-definition.ts'
import { reset } from '../strategy.ts'
import type { APIService } from '../types/apiregistration/v1.ts'
import { apiServices } from '../types/resources.ts'
import { validateApiService, validateApiServiceStatus } from '../validation/api-service.ts'

function applyDefaults({ spec }: APIService): void {
  if (spec?.service) spec.service.port ??= 443
}

/** What this server answers itself is there at once. */
function markLocalAvailable(draft: APIService, { nowMs }: StrategyContext): void {
  if (draft.spec?.service) return
  draft.status = {
    conditions: [
      {
        type: 'Available',
        status: 'True',
        lastTransitionTime: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
        reason: 'Local',
        message: 'Local APIServices are always available',
      },
    ],
  }
}

function availableText({ status }: DeepReadonly<APIService>): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available')
  if (!condition) return 'Unknown'
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`
}

export const apiService = define(apiServices, {
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  validateName: pathSegmentName,
  applyDefaults,
  prepareForCreate: markLocalAvailable,
  columns: [
    nameColumn,
    text('Service', ({ spec }) => (spec?.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local')),
    text<APIService>('Available', availableText),
    ageColumn,
  ],
  allowUnconditionalUpdate: false,
  validate: validateApiService,
  validateUpdate: validateApiService,
  metadataChecksOnUpdate: ['change', 'whole'],
  status: {
    validateUpdate: validateApiServiceStatus,
    prepareForUpdate: (draft, old) => {
      if (!draft.metadata || !old.metadata) return
      for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
        reset(draft.metadata, old.metadata, field)
      }
    },
  },
})
