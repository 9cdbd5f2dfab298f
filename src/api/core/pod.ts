import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import type { Strategy, StrategyContext } from '../resource-definition.ts'
import { onlyFields, reset, resetMetadataForStatus } from '../strategy.ts'
import type { Pod, PodCondition, PodSpec } from '../types/core/v1.ts'
import { pods } from '../types/resources.ts'
import { ipWarnings } from '../validation/ip.ts'
import { podErrors, validateEphemeralContainersUpdate, validatePod, validatePodUpdate } from '../validation/pod.ts'
import { resizeErrors } from '../validation/pod-resize.ts'
import { validatePodStatusUpdate } from '../validation/pod-status.ts'
import { applyAppArmorAnnotations } from './app-armor.ts'
import { dropDisabledPodFields, dropDisabledStatusFields } from './disabled-fields.ts'
import { mergeLabelKeys } from './merge-label-keys.ts'
import { podColumns } from './pod-columns.ts'
import { defaultPodLevelResources } from './pod-level-resources.ts'
import { qosClassOf } from './pod-qos.ts'
import {
  applyPodSpecDefaults,
  defaultHostPorts,
  defaultRequestsFromLimits,
  roundUpToMilli,
} from './pod-spec-defaults.ts'
import { podWarnings } from './pod-warnings.ts'

function applyDefaults(pod: Pod): void {
  const spec = pod.spec
  if (!spec) return
  for (const container of spec.containers ?? []) defaultRequestsFromLimits(container.resources)
  for (const container of spec.initContainers ?? []) defaultRequestsFromLimits(container.resources)
  defaultPodLevelResources(spec)
  spec.enableServiceLinks ??= true
  applyPodSpecDefaults(spec)
  // A Pod that is to end before it is asked to has a second. Templates keep what they say.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
  if (spec.hostNetwork) {
    defaultHostPorts(spec.containers)
    defaultHostPorts(spec.initContainers)
  }
  mirrorAddresses(pod)
  roundStatus(pod)
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

function roundStatus({ status }: Pod): void {
  if (!status) return
  const containers = statusLists.flatMap((list) => status[list] ?? [])
  for (const { resources } of [status, ...containers]) {
    roundUpToMilli(resources?.limits)
    roundUpToMilli(resources?.requests)
  }
  for (const { allocatedResources } of [status, ...containers]) roundUpToMilli(allocatedResources)
}

/** `podIP` is the first of `podIPs`; where they differ it counts. After the conversion of PodStatus. */
function mirrorAddresses({ status }: Pod): void {
  if (!status) return
  const first = status.podIPs?.[0]?.ip
  if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }]
  else if (first) status.podIP = first
}

function prepareForCreate(pod: Pod, { nowMs, warn }: StrategyContext): void {
  dropDisabledPodFields(pod.spec)
  mergeLabelKeys(pod.spec, pod.metadata?.labels)
  pod.status = { phase: 'Pending', qosClass: qosClassOf(pod) }
  if (pod.spec?.schedulingGates?.length) pod.status.conditions = [gatedCondition(nowMs)]
  applyAppArmorAnnotations(pod, warn)
}

function gatedCondition(nowMs: number): PodCondition {
  return {
    type: 'PodScheduled',
    status: 'False',
    reason: 'SchedulingGated',
    message: 'Scheduling is blocked due to non-empty scheduling gates',
    lastTransitionTime: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
  }
}

/** How long a Pod stays: what was asked for or its own period, but no time at all before it runs and once it has ended. */
function gracePeriodSeconds({ spec, status }: DeepReadonly<Pod>, requested: number | undefined): number {
  const isOver = status?.phase === 'Failed' || status?.phase === 'Succeeded'
  if (!spec?.nodeName || isOver) return 0
  const period = requested ?? spec.terminationGracePeriodSeconds ?? 0
  return period < 0 ? 1 : period
}

/** The kubelet's writes: status, and what of the metadata is not the system's. */
function prepareForStatusUpdate(pod: Pod, old: DeepReadonly<Pod>): void {
  if (pod.metadata && old.metadata) {
    reset(pod.metadata, old.metadata, 'deletionTimestamp')
    reset(pod.metadata, old.metadata, 'ownerReferences')
  }
  pod.status ??= {}
  if (!pod.status.qosClass && old.status?.qosClass) pod.status.qosClass = old.status.qosClass
  if (!pod.status.observedGeneration && old.status?.observedGeneration) {
    pod.status.observedGeneration = old.status.observedGeneration
  }
  keepObservedGenerations(pod.status.conditions, old.status?.conditions)
  dropDisabledStatusFields(pod.status, old.status)
}

function statusWarnings({ status }: DeepReadonly<Pod>): string[] {
  return (['podIPs', 'hostIPs'] as const).flatMap((list) =>
    (status?.[list] ?? []).flatMap(({ ip }, index) => ipWarnings(ip ?? '', `status.${list}[${index}].ip`)),
  )
}

function keepObservedGenerations(
  conditions: PodCondition[] | undefined,
  before: readonly DeepReadonly<PodCondition>[] | undefined,
): void {
  for (const condition of conditions ?? []) {
    const generation = before?.find(({ type }) => type === condition.type)?.observedGeneration
    if (!condition.observedGeneration && generation) condition.observedGeneration = generation
  }
}

const ephemeralContainers: Strategy<Pod> = onlyFields<Pod>(['spec'], {
  generationFields: ['spec'],
  metadataChecksOnUpdate: ['change', 'whole'],
  validateUpdate: validateEphemeralContainersUpdate,
  prepareForUpdate(pod, old) {
    const added = pod.spec?.ephemeralContainers
    pod.spec = withEphemeralContainers(old.spec, added)
    resetMetadataForStatus(pod, old)
    dropDisabledPodFields(pod.spec, old.spec)
  },
})

function withEphemeralContainers(
  old: DeepReadonly<PodSpec> | undefined,
  ephemeral: PodSpec['ephemeralContainers'],
): PodSpec {
  const spec = { ...(old as PodSpec) }
  if (ephemeral) spec.ephemeralContainers = ephemeral
  else delete spec.ephemeralContainers
  return spec
}

/** `/resize` writes the resources and resize policies of containers that are there already, and nothing else. */
const resize: Strategy<Pod> = {
  generationFields: ['spec'],
  metadataChecksOnUpdate: ['change', 'whole'],
  prepareForUpdate(pod, old) {
    dropAllButResources(pod, old)
    dropDisabledPodFields(pod.spec, old.spec)
  },
  validateUpdate: (pod, old) =>
    resizeErrors({ pod, old, qosClasses: { now: qosClassOf(pod), before: qosClassBefore(old) } }, podErrors(pod)),
}

const qosClassBefore = (old: DeepReadonly<Pod>) => old.status?.qosClass || qosClassOf(old)

/** Where containers were added or removed nothing is dropped, for validation to refuse it. After dropNonResizeUpdates. */
function dropAllButResources(pod: Pod, old: DeepReadonly<Pod>): void {
  const { containers, initContainers, resources } = pod.spec ?? { containers: [] }
  const before = old.spec as PodSpec
  if ((containers ?? []).length !== before.containers.length) return
  if ((initContainers ?? []).length !== (before.initContainers ?? []).length) return
  const spec = { ...before, containers: withResources(before.containers, containers) }
  if (before.initContainers) spec.initContainers = withResources(before.initContainers, initContainers ?? [])
  if (resources) spec.resources = resources
  else delete spec.resources
  pod.spec = spec
  reset(pod, old, 'status')
  resetMetadataForStatus(pod, old)
}

function withResources(old: PodSpec['containers'], wanted: PodSpec['containers']): PodSpec['containers'] {
  if (wanted.some(({ name }, index) => name !== old[index]!.name)) return wanted
  return old.map(({ resources: _resources, resizePolicy: _policy, ...container }, index) => {
    const { resources, resizePolicy } = wanted[index]!
    return { ...container, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) }
  })
}

export const pod = define(pods, {
  applyDefaults,
  columns: podColumns,
  prepareForCreate,
  warnings: (object, old) => (old ? [] : podWarnings(object)),
  validate: validatePod,
  prepareForUpdate: (draft, old) => dropDisabledPodFields(draft.spec, old.spec),
  validateUpdate: validatePodUpdate,
  metadataChecksOnUpdate: ['change', 'whole'],
  generationFields: ['spec'],
  gracePeriodSeconds,
  returnsDeletedObject: true,
  selectableFields: {
    'spec.nodeName': (object) => object.spec?.nodeName ?? '',
    'spec.restartPolicy': (object) => object.spec?.restartPolicy ?? '',
    'spec.schedulerName': (object) => object.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (object) => object.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (object) => String(object.spec?.hostNetwork ?? false),
    'status.phase': (object) => object.status?.phase ?? '',
    'status.podIP': (object) => object.status?.podIPs?.[0]?.ip ?? object.status?.podIP ?? '',
    // Upstream takes the selector, but never fills it.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (object) => object.status?.nominatedNodeName ?? '',
  },
  status: {
    resetFields: [
      ['metadata', 'deletionTimestamp'],
      ['metadata', 'ownerReferences'],
    ],
    prepareForUpdate: prepareForStatusUpdate,
    validateUpdate: validatePodStatusUpdate,
    warnings: statusWarnings,
  },
  parts: { ephemeralcontainers: ephemeralContainers, resize },
})
