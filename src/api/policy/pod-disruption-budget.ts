import { pathSegmentName } from '../../machinery/object-names.ts'
import { define } from '../define.ts'
import { ageColumn, integer, nameColumn, text } from '../printing.ts'
import { podDisruptionBudgets } from '../types/resources.ts'
import { validatePodDisruptionBudget, validatePodDisruptionBudgetStatus } from '../validation/pod-disruption-budget.ts'

export const podDisruptionBudget = define(podDisruptionBudgets, {
  validateName: pathSegmentName,
  validate: (object) => validatePodDisruptionBudget(object),
  validateUpdate: validatePodDisruptionBudget,
  metadataChecksOnUpdate: [],
  status: { validateUpdate: validatePodDisruptionBudgetStatus, metadataChecksOnUpdate: [] },
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  columns: [
    nameColumn,
    text('Min Available', (object) => String(object.spec?.minAvailable ?? 'N/A')),
    text('Max Unavailable', (object) => String(object.spec?.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', (object) => object.status?.disruptionsAllowed),
    ageColumn,
  ],
})
