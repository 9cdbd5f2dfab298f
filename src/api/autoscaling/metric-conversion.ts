import type { MetricSpec, MetricStatus, MetricTarget } from '../types/autoscaling/v2.ts'

/**
 * Metrics in the flat form that autoscaling/v1 writes into annotations, to and from the nested one of v2.
 * After pkg/apis/autoscaling/v1 conversion.go.
 */
interface FlatMetric {
  type?: string
  resource?: FlatSource
  containerResource?: FlatSource & { container?: string }
  pods?: FlatSource
  object?: FlatSource & { target?: { kind: string; name: string; apiVersion?: string }; averageValue?: string }
  external?: FlatSource
}

interface FlatSource {
  name?: string
  metricName?: string
  selector?: object
  metricSelector?: object
  targetAverageUtilization?: number
  targetAverageValue?: string
  targetValue?: string
  currentAverageUtilization?: number
  currentAverageValue?: string
  currentValue?: string
}

type Flat = Record<string, unknown>

function present(fields: Flat): Flat {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

export function metricToV1({ type, resource, containerResource, pods, object, external }: MetricSpec): Flat {
  const ofResource = (name: string | undefined, target: MetricTarget | undefined) => ({
    name,
    targetAverageUtilization: target?.averageUtilization,
    targetAverageValue: target?.averageValue,
  })
  return present({
    type,
    resource: resource && present(ofResource(resource.name, resource.target)),
    containerResource:
      containerResource &&
      present({
        ...ofResource(containerResource.name, containerResource.target),
        container: containerResource.container,
      }),
    pods:
      pods &&
      present({
        metricName: pods.metric?.name,
        targetAverageValue: pods.target?.averageValue ?? '0',
        selector: pods.metric?.selector,
      }),
    object:
      object &&
      present({
        target: object.describedObject,
        metricName: object.metric?.name,
        targetValue: object.target?.value ?? '0',
        selector: object.metric?.selector,
        averageValue: object.target?.averageValue,
      }),
    external:
      external &&
      present({
        metricName: external.metric?.name,
        metricSelector: external.metric?.selector,
        targetValue: external.target?.value,
        targetAverageValue: external.target?.averageValue,
      }),
  })
}

function resourceTarget({ targetAverageUtilization, targetAverageValue }: FlatSource): Flat {
  return present({
    type: targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
    averageValue: targetAverageValue,
    averageUtilization: targetAverageUtilization,
  })
}

export function metricFromV1(flat: object): MetricSpec {
  const { type, resource, containerResource, pods, object, external } = flat as FlatMetric
  const named = (name: string | undefined, selector: object | undefined) => present({ name, selector })
  return present({
    type,
    resource: resource && { name: resource.name, target: resourceTarget(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      target: resourceTarget(containerResource),
    },
    pods: pods && {
      metric: named(pods.metricName, pods.selector),
      target: present({ type: 'AverageValue', averageValue: pods.targetAverageValue }),
    },
    object: object && {
      describedObject: object.target,
      metric: named(object.metricName, object.selector),
      target: objectTarget(object),
    },
    external: external && {
      metric: named(external.metricName, external.metricSelector),
      target: present({
        type: external.targetValue === undefined ? 'AverageValue' : 'Value',
        value: external.targetValue,
        averageValue: external.targetAverageValue,
      }),
    },
  }) as unknown as MetricSpec
}

/** v1 cannot leave the value out and writes "0": next to an average that stands for none. */
function objectTarget({ targetValue, averageValue }: FlatSource & { averageValue?: string }): Flat {
  if (averageValue === undefined) return present({ type: 'Value', value: targetValue })
  return present({ type: 'AverageValue', value: targetValue === '0' ? undefined : targetValue, averageValue })
}

export function metricStatusToV1({ type, resource, containerResource, pods, object, external }: MetricStatus): Flat {
  return present({
    type,
    resource:
      resource &&
      present({
        name: resource.name,
        currentAverageUtilization: resource.current?.averageUtilization,
        currentAverageValue: resource.current?.averageValue ?? '0',
      }),
    containerResource:
      containerResource &&
      present({
        name: containerResource.name,
        container: containerResource.container,
        currentAverageUtilization: containerResource.current?.averageUtilization,
        currentAverageValue: containerResource.current?.averageValue ?? '0',
      }),
    pods:
      pods &&
      present({
        metricName: pods.metric?.name,
        currentAverageValue: pods.current?.averageValue ?? '0',
        selector: pods.metric?.selector,
      }),
    object:
      object &&
      present({
        target: object.describedObject,
        metricName: object.metric?.name,
        currentValue: object.current?.value ?? '0',
        selector: object.metric?.selector,
        averageValue: object.current?.averageValue,
      }),
    external:
      external &&
      present({
        metricName: external.metric?.name,
        metricSelector: external.metric?.selector,
        currentValue: external.current?.value ?? '0',
        currentAverageValue: external.current?.averageValue,
      }),
  })
}

export function metricStatusFromV1(flat: object): MetricStatus {
  const { type, resource, containerResource, pods, object, external } = flat as FlatMetric
  const current = ({ currentAverageUtilization, currentAverageValue }: FlatSource) =>
    present({ averageUtilization: currentAverageUtilization, averageValue: currentAverageValue })
  const metric = ({ metricName, selector, metricSelector }: FlatSource) =>
    present({ name: metricName, selector: selector ?? metricSelector })
  return present({
    type,
    resource: resource && { name: resource.name, current: current(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      current: current(containerResource),
    },
    pods: pods && { metric: metric(pods), current: present({ averageValue: pods.currentAverageValue }) },
    object: object && {
      describedObject: object.target,
      metric: metric(object),
      current: present({ value: object.currentValue, averageValue: object.averageValue }),
    },
    external: external && {
      metric: metric(external),
      current: present({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  }) as unknown as MetricStatus
}
