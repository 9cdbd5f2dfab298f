import { pathSegmentName } from '../../machinery/object-names.ts'
import { define } from '../define.ts'
import { reset } from '../strategy.ts'
import type { APIService } from '../types/apiregistration/v1.ts'
import { apiServices } from '../types/resources.ts'

function applyDefaults({ spec }: APIService): void {
  if (spec?.service) spec.service.port ??= 443
}

export const apiService = define(apiServices, {
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  validateName: pathSegmentName,
  applyDefaults,
  allowUnconditionalUpdate: false,
  status: {
    prepareForUpdate: (draft, old) => {
      if (!draft.metadata || !old.metadata) return
      for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
        reset(draft.metadata, old.metadata, field)
      }
    },
  },
})
