import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '../types/autoscaling/v1.ts'
import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../types/autoscaling/v2.ts'
import { horizontalPodAutoscalers, horizontalPodAutoscalersV1 } from '../types/resources.ts'
import { validateHorizontalPodAutoscaler, validateHorizontalPodAutoscalerStatus } from '../validation/autoscaling.ts'
import { toV1, toV2 } from './hpa-conversion.ts'

/** Percent of the CPU that was asked for. */
const defaultUtilization = 80

function applyDefaults({ spec }: HorizontalPodAutoscaler): void {
  if (!spec) return
  spec.minReplicas ??= 1
  if (!spec.metrics?.length) {
    spec.metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: defaultUtilization } },
      },
    ]
  }
  if (!spec.behavior) return
  spec.behavior.scaleUp = scalingRules(spec.behavior.scaleUp, {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  })
  spec.behavior.scaleDown = scalingRules(spec.behavior.scaleDown, {
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  })
}

function scalingRules(rules: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  const given = Object.fromEntries(
    Object.entries(rules ?? {}).filter(([, value]) => value !== null && value !== undefined),
  )
  return { ...defaults, ...given }
}

const unknown = '<unknown>'

type Target = DeepReadonly<MetricTarget> | undefined
type Current = DeepReadonly<MetricValueStatus> | undefined

function valueText(target: Target, current: Current): string {
  return target?.averageValue === undefined
    ? `${current ? (current.value ?? '0') : unknown}/${target?.value ?? ''}`
    : `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`
}

function resourceText(name: string | undefined, target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`
  const percent = (value: number | undefined, missing: string) => (value === undefined ? missing : `${value}%`)
  return `${name}: ${percent(current?.averageUtilization, unknown)}/${percent(target?.averageUtilization, '<auto>')}`
}

function metricText(spec: DeepReadonly<MetricSpec>, status: DeepReadonly<MetricStatus> | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueText(spec.external?.target, status?.external?.current)
    case 'Pods':
      return `${status?.pods?.current?.averageValue ?? unknown}/${spec.pods?.target?.averageValue ?? ''}`
    case 'Object':
      return valueText(spec.object?.target, status?.object?.current)
    case 'Resource':
      return resourceText(spec.resource?.name, spec.resource?.target, status?.resource?.current)
    case 'ContainerResource':
      return resourceText(
        spec.containerResource?.name,
        spec.containerResource?.target,
        status?.containerResource?.current,
      )
    default:
      return '<unknown type>'
  }
}

const shownMetrics = 2

function targetsText({ spec, status }: DeepReadonly<HorizontalPodAutoscaler>): string {
  const texts = (spec?.metrics ?? []).map((metric, index) => metricText(metric, status?.currentMetrics?.[index]))
  if (texts.length === 0) return '<none>'
  const shown = texts.slice(0, shownMetrics).join(', ')
  return texts.length > shownMetrics ? `${shown} + ${texts.length - shownMetrics} more...` : shown
}

const columns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  text('Reference', ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ''}/${spec?.scaleTargetRef?.name ?? ''}`),
  text<HorizontalPodAutoscaler>('Targets', targetsText),
  text('MinPods', (object) => String(object.spec?.minReplicas ?? '<unset>')),
  text('MaxPods', (object) => object.spec?.maxReplicas ?? 0),
  text('Replicas', (object) => object.status?.currentReplicas ?? 0),
  ageColumn,
]

export const horizontalPodAutoscaler = define(horizontalPodAutoscalers, {
  validate: (object) => validateHorizontalPodAutoscaler(object),
  validateUpdate: validateHorizontalPodAutoscaler,
  status: { validateUpdate: validateHorizontalPodAutoscalerStatus },
  applyDefaults,
  columns,
})

/**
 * The form that comes back once it was stored in the newer version: an autoscaler without any metric gets one, and
 * what has no field goes into annotations.
 */
function asStored(draft: HorizontalPodAutoscalerV1): void {
  if (draft.spec && !toV2(draft).spec?.metrics?.length) draft.spec.targetCPUUtilizationPercentage = defaultUtilization
  Object.assign(draft, toV1(toV2(draft)))
}

export const horizontalPodAutoscalerV1 = define(horizontalPodAutoscalersV1, {
  validate: (object) => validateHorizontalPodAutoscaler(toV2(object)),
  validateUpdate: (object, old) => validateHorizontalPodAutoscaler(toV2(object), toV2(old)),
  status: {
    validateUpdate: (object) => validateHorizontalPodAutoscalerStatus(toV2(object)),
    prepareForUpdate: asStored,
  },
  conversion: {
    storageApiVersion: 'autoscaling/v2',
    toStorage: (object) => toV2(object as DeepReadonly<HorizontalPodAutoscalerV1>),
    fromStorage: (object) => toV1(object as DeepReadonly<HorizontalPodAutoscaler>),
  },
  applyDefaults: ({ spec }) => {
    if (spec) spec.minReplicas ??= 1
  },
  // Who leaves the metric out owns the one that upstream's internal form gets.
  asConverted: (draft) => {
    const converted = structuredClone(draft) as HorizontalPodAutoscalerV1
    asStored(converted)
    return converted
  },
  prepareForCreate: asStored,
  prepareForUpdate: asStored,
  columns: columns.map((column) => ({ ...column, cell: (object, nowMs) => column.cell(toV2(object), nowMs) })),
})
