import { define } from '../define.ts'
import type { CustomResourceDefinition } from '../types/apiextensions/v1.ts'
import { customResourceDefinitions } from '../types/resources.ts'
import {
  definitionErrors,
  definitionNameErrors,
  definitionStatusErrors,
  definitionUpdateErrors,
} from '../validation/apiextensions/custom-resource-definition.ts'
import { formatWarnings } from './format-warnings.ts'

function applyDefaults({ spec }: CustomResourceDefinition): void {
  if (!spec) return
  if (spec.names) {
    spec.names.singular ||= spec.names.kind?.toLowerCase() ?? ''
    if (!spec.names.listKind && spec.names.kind) spec.names.listKind = `${spec.names.kind}List`
  }
  spec.conversion ??= { strategy: 'None' }
  const service = spec.conversion.webhook?.clientConfig?.service
  if (service) service.port ??= 443
}

/** The versions ever stored: the storage version of each write is added. */
function addStoredVersion(draft: CustomResourceDefinition): void {
  const storage = draft.spec?.versions?.find((version) => version.storage)?.name
  const stored = draft.status?.storedVersions ?? []
  if (storage === undefined || stored.includes(storage)) return
  draft.status = { ...draft.status, storedVersions: [...stored, storage] }
}

export const customResourceDefinition = define(customResourceDefinitions, {
  storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
  applyDefaults,
  prepareForCreate: addStoredVersion,
  prepareForUpdate: addStoredVersion,
  generationFields: ['spec'],
  validateName: definitionNameErrors,
  validate: definitionErrors,
  validateUpdate: definitionUpdateErrors,
  warnings: formatWarnings,
  allowUnconditionalUpdate: false,
  status: { validateUpdate: definitionStatusErrors },
})
