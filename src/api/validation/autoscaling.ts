import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricTarget,
} from '../types/autoscaling/v2.ts'
import { checkForm, checkLabelForm, checkNonNegative, checkRequiredSegment } from './checks.ts'
import { checkContainerResourceName } from './resources.ts'
import { checkScalingBehavior } from './scaling-behavior.ts'

/** Autoscalers in their newer form. After pkg/apis/autoscaling/validation. */

type Autoscaler = DeepReadonly<HorizontalPodAutoscaler>
type Spec = DeepReadonly<NonNullable<HorizontalPodAutoscaler['spec']>>
type Reference = DeepReadonly<Partial<CrossVersionObjectReference>>

interface ReferenceRules {
  /** Of the core group, or of none. */
  readonly mayLackGroup: boolean
  /** It was so before. */
  readonly mayBeInvalid: boolean
}

export function validateHorizontalPodAutoscaler(object: Autoscaler, old?: Autoscaler): FieldError[] {
  const errors: FieldError[] = []
  const { spec } = object
  if (!spec) return errors
  checkReplicas(spec, old?.spec?.minReplicas === 0 ? 0 : 1, errors)
  checkReference(spec.scaleTargetRef ?? {}, 'spec.scaleTargetRef', targetRules(spec, old?.spec), errors)
  const rules = describedObjectRules(old?.spec)
  spec.metrics?.forEach((metric, index) => {
    checkMetric(metric, `spec.metrics[${index}]`, rules, errors)
  })
  if (spec.minReplicas === 0 && !spec.metrics?.some(({ type }) => type === 'Object' || type === 'External')) {
    const why = 'must specify at least one Object or External metric to support scaling to zero replicas'
    errors.push(forbiddenField('spec.metrics', why))
  }
  checkScalingBehavior(spec.behavior, 'spec.behavior', errors)
  return errors
}

export function validateHorizontalPodAutoscalerStatus({ status }: Autoscaler): FieldError[] {
  const errors: FieldError[] = []
  checkNonNegative(status?.currentReplicas, 'status.currentReplicas', errors)
  checkNonNegative(status?.desiredReplicas, 'status.desiredReplicas', errors)
  return errors
}

function targetRules(spec: Spec, old: Spec | undefined): ReferenceRules {
  const { apiVersion = '', kind = '' }: Reference = spec.scaleTargetRef ?? {}
  const before: Reference | undefined = old && (old.scaleTargetRef ?? {})
  return {
    mayBeInvalid: before !== undefined && (before.apiVersion ?? '') === apiVersion && (before.kind ?? '') === kind,
    mayLackGroup: kind === 'ReplicationController',
  }
}

function describedObjectRules(old: Spec | undefined): ReferenceRules {
  const wasInvalid = old?.metrics?.some(
    ({ type, object }) => type === 'Object' && whyBadApiVersion(object?.describedObject?.apiVersion, true),
  )
  return { mayLackGroup: true, mayBeInvalid: wasInvalid === true }
}

function checkReplicas({ minReplicas, maxReplicas = 0 }: Partial<Spec>, least: number, errors: FieldError[]): void {
  const path = 'spec.maxReplicas'
  if (minReplicas !== undefined && minReplicas < least) {
    errors.push(invalidField('spec.minReplicas', minReplicas, `must be greater than or equal to ${least}`))
  }
  if (maxReplicas === 0) errors.push(requiredField(path, 'must be set and greater than 0'))
  else if (maxReplicas < 0) errors.push(invalidField(path, maxReplicas, 'must be greater than or equal to 1'))
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidField(path, maxReplicas, 'must be greater than or equal to `minReplicas`'))
  }
}

function checkReference(reference: Reference, path: string, rules: ReferenceRules, errors: FieldError[]): void {
  checkRequiredSegment(reference.kind, `${path}.kind`, errors)
  checkRequiredSegment(reference.name, `${path}.name`, errors)
  if (rules.mayBeInvalid) return
  const why = whyBadApiVersion(reference.apiVersion, rules.mayLackGroup)
  if (why) errors.push(invalidField(`${path}.apiVersion`, reference.apiVersion ?? '', why))
}

function whyBadApiVersion(apiVersion = '', mayLackGroup: boolean): string | undefined {
  const parts = apiVersion === '/' ? [] : apiVersion.split('/')
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`
  const hasGroup = parts.length === 2 && parts[0] !== ''
  return hasGroup || mayLackGroup ? undefined : 'apiVersion must specify API group'
}

const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']

/** In upstream's order: the first source is checked, whatever the type says. */
const sources = ['object', 'external', 'pods', 'resource', 'containerResource'] as const

function checkMetric(
  metric: DeepReadonly<Partial<MetricSpec>>,
  path: string,
  rules: ReferenceRules,
  errors: FieldError[],
): void {
  const type = metric.type ?? ''
  if (type === '') errors.push(requiredField(`${path}.type`, 'must specify a metric source type'))
  const unsupported = notSupportedField(`${path}.type`, type, metricTypes)
  if (!metricTypes.includes(type)) errors.push(unsupported)
  const present = sources.filter((name) => metric[name])
  if (present[0]) checkSource(metric, present[0], `${path}.${present[0]}`, rules, errors)
  const expected = sources.find((name) => name === type.charAt(0).toLowerCase() + type.slice(1))
  if (!expected) errors.push(unsupported)
  else if (!metric[expected]) {
    errors.push(requiredField(`${path}.${expected}`, 'must populate information for the given metric source'))
  }
  if (present.length === 1) return
  for (const name of present.filter((each) => each !== expected)) {
    errors.push(forbiddenField(`${path}.${name}`, 'must populate the given metric source only'))
  }
}

function checkSource(
  { object, external, pods, resource, containerResource }: DeepReadonly<Partial<MetricSpec>>,
  name: (typeof sources)[number],
  path: string,
  rules: ReferenceRules,
  errors: FieldError[],
): void {
  switch (name) {
    case 'object':
      checkReference(object?.describedObject ?? {}, `${path}.describedObject`, rules, errors)
      checkNamedMetric(object?.metric?.name, object?.target, path, errors)
      checkHasValue(object?.target, 'must set either a target value or averageValue', path, errors)
      return
    case 'external': {
      const target = external?.target
      checkNamedMetric(external?.metric?.name, target, path, errors)
      checkHasValue(target, 'must set either a target value for metric or a per-pod target', path, errors)
      if (target?.value !== undefined && target.averageValue !== undefined) {
        const why = 'may not set both a target value for metric and a per-pod target'
        errors.push(forbiddenField(`${path}.target.value`, why))
      }
      return
    }
    case 'pods':
      checkNamedMetric(pods?.metric?.name, pods?.target, path, errors)
      if (pods?.target?.averageValue === undefined) {
        errors.push(requiredField(`${path}.target.averageValue`, 'must specify a positive target averageValue'))
      }
      return
    case 'resource':
      if (!resource?.name) errors.push(requiredField(`${path}.name`, 'must specify a resource name'))
      checkResourceTarget(resource?.target, path, errors)
      return
    case 'containerResource':
      if (!containerResource?.name) errors.push(requiredField(`${path}.name`, 'must specify a resource name'))
      else checkContainerResourceName(containerResource.name, `${path}.name`, errors)
      if (!containerResource?.container) errors.push(requiredField(`${path}.container`, 'must specify a container'))
      else checkLabelForm(containerResource.container, `${path}.container`, errors)
      checkResourceTarget(containerResource?.target, path, errors)
  }
}

type Target = DeepReadonly<Partial<MetricTarget>>

function checkNamedMetric(
  name: string | undefined,
  target: Target | undefined,
  path: string,
  errors: FieldError[],
): void {
  if (!name) errors.push(requiredField(`${path}.metric.name`, 'must specify a metric name'))
  else checkForm((text) => pathSegmentName(text, false), name, `${path}.metric.name`, errors)
  checkTarget(target ?? {}, `${path}.target`, errors)
}

function checkHasValue(target: Target | undefined, why: string, path: string, errors: FieldError[]): void {
  if (target?.value === undefined && target?.averageValue === undefined) {
    errors.push(requiredField(`${path}.target.averageValue`, why))
  }
}

function checkResourceTarget(target: Target = {}, path: string, errors: FieldError[]): void {
  checkTarget(target, `${path}.target`, errors)
  const { averageUtilization, averageValue } = target
  if (averageUtilization === undefined && averageValue === undefined) {
    const why = 'must set either a target raw value or a target utilization'
    errors.push(requiredField(`${path}.target.averageUtilization`, why))
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const why = 'may not set both a target raw value and a target utilization'
    errors.push(forbiddenField(`${path}.target.averageValue`, why))
  }
}

function checkTarget(
  { type = '', value, averageValue, averageUtilization }: Target,
  path: string,
  errors: FieldError[],
): void {
  if (type === '') errors.push(requiredField(`${path}.type`, 'must specify a metric target type'))
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    errors.push(invalidField(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'))
  }
  for (const [field, quantity] of [
    ['value', value],
    ['averageValue', averageValue],
  ] as const) {
    if (quantity !== undefined && parseQuantity(quantity).nano <= 0n) {
      errors.push(invalidField(`${path}.${field}`, quantity, 'must be positive'))
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalidField(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0'))
  }
}
