import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, containerColumns, formatLabels, integer, nameColumn, wide } from '../printing.ts'
import type { ReplicationController } from '../types/core/v1.ts'
import { replicationControllers } from '../types/resources.ts'
import { declarativeName } from '../validation/formats.ts'
import { replicaSetStatusRules, validateStatusCounts } from '../validation/replica-status.ts'
import { validateReplicationController } from '../validation/workloads.ts'
import { applyPodSpecDefaults } from './pod-spec-defaults.ts'
import { templateStrategy } from './workload-template.ts'

function applyDefaults(controller: ReplicationController): void {
  const { spec } = controller
  if (!spec) return
  spec.replicas ??= 1
  const labels = spec.template?.metadata?.labels
  if (labels) {
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
    controller.metadata ??= {}
    if (Object.keys(controller.metadata.labels ?? {}).length === 0) controller.metadata.labels = { ...labels }
  }
  if (spec.template?.spec) applyPodSpecDefaults(spec.template.spec)
}

const template = templateStrategy<ReplicationController>({ namesPods: true })

export const replicationController = define(replicationControllers, {
  ...template,
  validateName: declarativeName,
  // An update is warned of what was there before, as upstream confuses the two.
  warnings: (object, old) => template.warnings(old ? { ...object, ...(old.spec && { spec: old.spec }) } : object, old),
  validate: validateReplicationController,
  validateUpdate: validateReplicationController,
  storagePrefix: 'controllers',
  applyDefaults,
  generationFields: ['spec'],
  status: { validateUpdate: validateStatusCounts(replicaSetStatusRules) },
  defaultPropagation: 'Orphan',
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  selectableFields: { 'status.replicas': (object) => String(object.status?.replicas ?? 0) },
  columns: [
    nameColumn,
    integer('Desired', (object) => object.spec?.replicas),
    integer('Current', (object) => object.status?.replicas),
    integer('Ready', (object) => object.status?.readyReplicas),
    ageColumn,
    ...containerColumns((object: DeepReadonly<ReplicationController>) => object.spec?.template?.spec?.containers),
    wide('Selector', (object) => formatLabels(object.spec?.selector)),
  ],
})
