import type { DeepReadonly } from '../../machinery/object.ts'
import { applyPodSpecDefaults, applyVolumeClaimSpecDefaults } from '../core/pod-spec-defaults.ts'
import { claimSpecWarnings } from '../core/volume-warnings.ts'
import { templateStrategy } from '../core/workload-template.ts'
import { define } from '../define.ts'
import { ageColumn, containerColumns, nameColumn, text } from '../printing.ts'
import type { StatefulSet } from '../types/apps/v1.ts'
import { statefulSets } from '../types/resources.ts'
import { forPrefix, labelFormErrors } from '../validation/formats.ts'
import { statefulSetStatusRules, validateStatusCounts } from '../validation/replica-status.ts'
import { validateStatefulSet, validateStatefulSetUpdate } from '../validation/stateful-set.ts'

function applyDefaults({ spec }: StatefulSet): void {
  if (!spec) return
  spec.podManagementPolicy ||= 'OrderedReady'
  spec.updateStrategy ??= {}
  if (!spec.updateStrategy.type) {
    spec.updateStrategy.type = 'RollingUpdate'
    spec.updateStrategy.rollingUpdate ??= {}
  }
  if (spec.updateStrategy.type === 'RollingUpdate' && spec.updateStrategy.rollingUpdate) {
    spec.updateStrategy.rollingUpdate.partition ??= 0
  }
  spec.persistentVolumeClaimRetentionPolicy ??= {}
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= 'Retain'
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= 'Retain'
  spec.replicas ??= 1
  spec.revisionHistoryLimit ??= 10
  if (spec.template?.spec) applyPodSpecDefaults(spec.template.spec)
  for (const claim of spec.volumeClaimTemplates ?? []) {
    // A template of the set is written out as a whole object.
    claim.apiVersion = 'v1'
    claim.kind = 'PersistentVolumeClaim'
    if (claim.spec) applyVolumeClaimSpecDefaults(claim.spec)
    claim.status ??= {}
    claim.status.phase ||= 'Pending'
  }
}

/** Behind a feature gate that is off by default. */
function dropMaxUnavailable({ spec }: StatefulSet): void {
  if (spec?.updateStrategy?.rollingUpdate) delete spec.updateStrategy.rollingUpdate.maxUnavailable
}

const template = templateStrategy<StatefulSet>({ namesPods: false })

function statefulSetWarnings(object: DeepReadonly<StatefulSet>, old: DeepReadonly<StatefulSet> | undefined): string[] {
  const { volumeClaimTemplates = [], revisionHistoryLimit = 0 } = object.spec ?? {}
  const keepsAll = 'a negative value retains all historical revisions; a value >= 0 is recommended'
  return [
    ...template.warnings(object, old),
    ...volumeClaimTemplates.flatMap(({ spec }, index) =>
      // The capital letter of updates is upstream's.
      claimSpecWarnings(spec, `spec.volumeClaimTemplates[${index}]${old ? '.Spec' : ''}`),
    ),
    ...(revisionHistoryLimit < 0 ? [`spec.revisionHistoryLimit: ${keepsAll}`] : []),
  ]
}

export const statefulSet = define(statefulSets, {
  validateName: forPrefix(labelFormErrors),
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  applyDefaults,
  prepareForCreate: (draft, context) => {
    template.prepareForCreate(draft, context)
    dropMaxUnavailable(draft)
  },
  prepareForUpdate: (draft, old, context) => {
    template.prepareForUpdate(draft, old, context)
    dropMaxUnavailable(draft)
  },
  warnings: statefulSetWarnings,
  generationFields: ['spec'],
  status: { validateUpdate: validateStatusCounts(statefulSetStatusRules) },
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  columns: [
    nameColumn,
    text('Ready', (object) => `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`),
    ageColumn,
    ...containerColumns((object: DeepReadonly<StatefulSet>) => object.spec?.template?.spec?.containers),
  ],
})
