import { isDeepStrictEqual } from 'node:util'
import type { DeepReadonly } from '../../machinery/object.ts'
import { applyPodSpecDefaults } from '../core/pod-spec-defaults.ts'
import { templateStrategy } from '../core/workload-template.ts'
import { define } from '../define.ts'
import {
  ageColumn,
  containerColumns,
  formatLabelSelector,
  formatLabels,
  integer,
  nameColumn,
  text,
  wide,
} from '../printing.ts'
import type { DaemonSet } from '../types/apps/v1.ts'
import { daemonSets } from '../types/resources.ts'
import { daemonSetStatusRules, validateStatusCounts } from '../validation/replica-status.ts'
import { validateDaemonSet, validateDaemonSetUpdate } from '../validation/workloads.ts'

function applyDefaults({ spec }: DaemonSet): void {
  if (!spec) return
  spec.updateStrategy ??= {}
  spec.updateStrategy.type ||= 'RollingUpdate'
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= {}
    spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
    spec.updateStrategy.rollingUpdate.maxSurge ??= 0
  }
  spec.revisionHistoryLimit ??= 10
  if (spec.template?.spec) applyPodSpecDefaults(spec.template.spec)
}

/** Where apps/v1 keeps what was a field of the spec before: how often the template has changed. */
const templateGeneration = 'deprecated.daemonset.template.generation'

function generationOf(object: DeepReadonly<DaemonSet>): number {
  return Number(object.metadata?.annotations?.[templateGeneration] ?? 0)
}

function setTemplateGeneration(draft: DaemonSet, generation: number): void {
  draft.metadata = withTemplateGeneration(draft, generation).metadata as NonNullable<DaemonSet['metadata']>
}

function withTemplateGeneration(object: DeepReadonly<DaemonSet>, generation: number): DeepReadonly<DaemonSet> {
  const annotations = { ...object.metadata?.annotations, [templateGeneration]: String(generation) }
  return { ...object, metadata: { ...object.metadata, annotations } }
}

const template = templateStrategy<DaemonSet>({ namesPods: false })

export const daemonSet = define(daemonSets, {
  warnings: template.warnings,
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  applyDefaults,
  // Upstream's internal version has a field for it, which becomes this annotation whatever it holds.
  asConverted: (draft) => withTemplateGeneration(draft, generationOf(draft)),
  prepareForCreate: (draft, context) => {
    template.prepareForCreate(draft, context)
    setTemplateGeneration(draft, Math.max(1, generationOf(draft)))
  },
  prepareForUpdate: (draft, old, context) => {
    template.prepareForUpdate(draft, old, context)
    const isChanged = !isDeepStrictEqual(draft.spec?.template, old.spec?.template)
    setTemplateGeneration(draft, generationOf(old) + (isChanged ? 1 : 0))
  },
  generationFields: ['spec'],
  status: {
    validateUpdate: validateStatusCounts(daemonSetStatusRules),
    prepareForUpdate: (draft, old) => setTemplateGeneration(draft, generationOf(old)),
  },
  columns: [
    nameColumn,
    integer('Desired', (object) => object.status?.desiredNumberScheduled),
    integer('Current', (object) => object.status?.currentNumberScheduled),
    integer('Ready', (object) => object.status?.numberReady),
    integer('Up-to-date', (object) => object.status?.updatedNumberScheduled),
    integer('Available', (object) => object.status?.numberAvailable),
    text('Node Selector', (object) => formatLabels(object.spec?.template?.spec?.nodeSelector)),
    ageColumn,
    ...containerColumns((object: DeepReadonly<DaemonSet>) => object.spec?.template?.spec?.containers),
    wide('Selector', (object) => formatLabelSelector(object.spec?.selector)),
  ],
})
