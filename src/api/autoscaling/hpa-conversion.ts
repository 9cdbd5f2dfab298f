import type { DeepReadonly } from '../../machinery/object.ts'
import { goForm } from '../go-form/go-form.ts'
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '../types/autoscaling/v1.ts'
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
} from '../types/autoscaling/v2.ts'
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './metric-conversion.ts'

/** Where autoscaling/v1 keeps what it has no fields for. After pkg/apis/autoscaling annotations.go. */
const annotation = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
} as const

type Annotations = Record<string, string>

function isCpuUtilization({ type, resource }: DeepReadonly<MetricSpec>): boolean {
  return type === 'Resource' && resource?.name === 'cpu' && resource.target?.averageUtilization !== undefined
}

function withoutOwnAnnotations(annotations: Readonly<Annotations> | undefined): Annotations {
  const own: readonly string[] = Object.values(annotation)
  return Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !own.includes(key)))
}

/** JSON that a user may have broken: unreadable annotations are as good as none. */
function parse<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as T
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The autoscaling/v1 form of an autoscaler. After pkg/apis/autoscaling/v1 conversion.go. */
export function toV1(object: DeepReadonly<HorizontalPodAutoscaler>): HorizontalPodAutoscalerV1 {
  const { metadata, spec, status } = structuredClone(object) as HorizontalPodAutoscaler
  const annotations = withoutOwnAnnotations(metadata?.annotations)
  const others = (spec?.metrics ?? []).filter((metric) => !isCpuUtilization(metric))
  const keep = (key: string, value: unknown) => {
    annotations[key] = JSON.stringify(value)
  }
  if (others.length > 0) keep(annotation.metrics, others.map(metricToV1))
  if (status?.currentMetrics?.length) keep(annotation.currentMetrics, status.currentMetrics.map(metricStatusToV1))
  if (status?.conditions?.length) keep(annotation.conditions, status.conditions)
  if (spec?.behavior) keep(annotation.behavior, goForm('HorizontalPodAutoscalerBehavior', spec.behavior))
  const target = spec?.metrics?.find(isCpuUtilization)?.resource?.target?.averageUtilization
  const current = status?.currentMetrics?.find(
    ({ type, resource }) => type === 'Resource' && resource?.name === 'cpu' && resource.current?.averageUtilization,
  )?.resource?.current?.averageUtilization
  const {
    metrics: _metrics,
    behavior: _behavior,
    ...plainSpec
  } = spec ?? { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 }
  const { currentMetrics: _current, conditions: _conditions, ...plainStatus } = status ?? { desiredReplicas: 0 }
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, annotations),
    spec: { ...plainSpec, ...(target !== undefined && { targetCPUUtilizationPercentage: target }) },
    status: {
      currentReplicas: 0,
      ...plainStatus,
      ...(current !== undefined && { currentCPUUtilizationPercentage: current }),
    },
  }
}

/** The list that v2 writes even where there is none. */
const nothing = null as unknown as MetricStatus[]

/** The autoscaling/v2 form, which is the one that is stored. */
export function toV2(object: DeepReadonly<HorizontalPodAutoscalerV1>): HorizontalPodAutoscaler {
  const { metadata, spec, status } = structuredClone(object) as HorizontalPodAutoscalerV1
  const { targetCPUUtilizationPercentage: utilization, ...plainSpec } = spec ?? {
    scaleTargetRef: { kind: '', name: '' },
    maxReplicas: 0,
  }
  const { currentCPUUtilizationPercentage: current, ...plainStatus } = status ?? {
    currentReplicas: 0,
    desiredReplicas: 0,
  }
  const kept = metadata?.annotations ?? {}
  const metrics: MetricSpec[] = (parse<object[]>(kept[annotation.metrics]) ?? []).map(metricFromV1)
  if (utilization !== undefined) metrics.push(cpuMetric(utilization))
  const behavior = fromGoForm(parse<object>(kept[annotation.behavior])) as HorizontalPodAutoscalerBehavior | undefined
  const conditions = parse<HorizontalPodAutoscalerCondition[]>(kept[annotation.conditions])
  const currentMetrics =
    parse<object[]>(kept[annotation.currentMetrics])?.map(metricStatusFromV1) ??
    (current === undefined ? undefined : [currentCpuMetric(current)])
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: withAnnotations(metadata, withoutOwnAnnotations(kept)),
    spec: { ...plainSpec, ...(metrics.length > 0 && { metrics }), ...(behavior && { behavior }) },
    status: { ...plainStatus, ...(conditions && { conditions }), currentMetrics: currentMetrics ?? nothing },
  }
}

function withAnnotations<M extends { annotations?: Annotations }>(
  metadata: M | undefined,
  annotations: Annotations,
): M {
  const { annotations: _annotations, ...rest } = metadata ?? {}
  return (Object.keys(annotations).length > 0 ? { ...rest, annotations } : rest) as M
}

function cpuMetric(averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } }
}

function currentCpuMetric(averageUtilization: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } }
}

/** The annotation holds upstream's internal form: Go's names for the fields, and those that are not set. */
function fromGoForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromGoForm)
  if (typeof value !== 'object' || value === null) return value
  const set = Object.entries(value).filter(([, field]) => field !== null)
  return Object.fromEntries(
    set.map(([name, field]) => [name.charAt(0).toLowerCase() + name.slice(1), fromGoForm(field)]),
  )
}
