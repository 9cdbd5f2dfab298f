import type { DeepReadonly } from '../../machinery/object.ts'
import { applyPodSpecDefaults } from '../core/pod-spec-defaults.ts'
import { templateStrategy } from '../core/workload-template.ts'
import { define } from '../define.ts'
import { ageColumn, containerColumns, formatLabelSelector, integer, nameColumn, wide } from '../printing.ts'
import type { ReplicaSet } from '../types/apps/v1.ts'
import { replicaSets } from '../types/resources.ts'
import { replicaSetStatusRules, validateStatusCounts } from '../validation/replica-status.ts'
import { validateReplicaSet, validateReplicaSetUpdate } from '../validation/workloads.ts'

function applyDefaults({ spec }: ReplicaSet): void {
  if (!spec) return
  spec.replicas ??= 1
  if (spec.template?.spec) applyPodSpecDefaults(spec.template.spec)
}

export const replicaSet = define(replicaSets, {
  ...templateStrategy<ReplicaSet>({ namesPods: true }),
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  applyDefaults,
  generationFields: ['spec'],
  status: { validateUpdate: validateStatusCounts(replicaSetStatusRules) },
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  columns: [
    nameColumn,
    integer('Desired', (object) => object.spec?.replicas),
    integer('Current', (object) => object.status?.replicas),
    integer('Ready', (object) => object.status?.readyReplicas),
    ageColumn,
    ...containerColumns((object: DeepReadonly<ReplicaSet>) => object.spec?.template?.spec?.containers),
    wide('Selector', (object) => formatLabelSelector(object.spec?.selector)),
  ],
})
