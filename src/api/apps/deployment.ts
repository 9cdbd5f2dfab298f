import type { DeepReadonly } from '../../machinery/object.ts'
import { applyPodSpecDefaults } from '../core/pod-spec-defaults.ts'
import { templateStrategy } from '../core/workload-template.ts'
import { define } from '../define.ts'
import { ageColumn, containerColumns, labelSelectorText, nameColumn, text, wide } from '../printing.ts'
import { reset } from '../strategy.ts'
import type { Deployment } from '../types/apps/v1.ts'
import { deployments } from '../types/resources.ts'
import { deploymentStatusRules, validateStatusCounts } from '../validation/replica-status.ts'
import { validateDeployment, validateDeploymentUpdate } from '../validation/workloads.ts'

function applyDefaults({ spec }: Deployment): void {
  if (!spec) return
  spec.replicas ??= 1
  spec.strategy ??= {}
  spec.strategy.type ||= 'RollingUpdate'
  if (spec.strategy.type === 'RollingUpdate') {
    spec.strategy.rollingUpdate ??= {}
    spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
    spec.strategy.rollingUpdate.maxSurge ??= '25%'
  }
  spec.revisionHistoryLimit ??= 10
  spec.progressDeadlineSeconds ??= 600
  if (spec.template?.spec) applyPodSpecDefaults(spec.template.spec)
}

export const deployment = define(deployments, {
  ...templateStrategy<Deployment>({ namesPods: true }),
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  applyDefaults,
  // Annotations count too: kubectl writes the change cause there.
  generationFields: ['spec', 'metadata.annotations'],
  scale: { specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', labelSelector: 'spec.selector' },
  status: {
    validateUpdate: validateStatusCounts(deploymentStatusRules),
    resetFields: [['metadata', 'labels']],
    prepareForUpdate: (draft, old) => {
      if (draft.metadata && old.metadata) reset(draft.metadata, old.metadata, 'labels')
    },
  },
  columns: [
    nameColumn,
    text('Ready', (object) => `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`),
    text('Up-to-date', (object) => object.status?.updatedReplicas ?? 0),
    text('Available', (object) => object.status?.availableReplicas ?? 0),
    ageColumn,
    ...containerColumns((object: DeepReadonly<Deployment>) => object.spec?.template?.spec?.containers),
    wide('Selector', (object) => labelSelectorText(object.spec?.selector)),
  ],
})
