import { qosClassOf } from '../../api/core/pod-qos.ts'
import type { ResourceRequirements } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { CriRequest } from '../cri/messages.ts'
import { isSidecar, type ReadonlyContainer, type ReadonlyPod } from '../pod/pod.ts'
import { milliOf, unitsOf } from './amounts.ts'

/** The kernel's numbers, as upstream uses them: kubelet v1.36 cm/helpers_linux.go. */
const minShares = 2
const maxShares = 262_144
const quotaPeriodUs = 100_000
const minQuotaUs = 1_000

/** CPU in the unit of cgroup v1, 1024 a core. */
export function cpuShares(milliCpu: number): number {
  return Math.min(maxShares, Math.max(minShares, Math.floor((milliCpu * 1024) / 1000)))
}

/** Microseconds of CPU per period of 100 ms; 0: no limit. */
export function cpuQuotaUs(milliCpu: number): number {
  return milliCpu === 0 ? 0 : Math.max(minQuotaUs, Math.floor((milliCpu * quotaPeriodUs) / 1000))
}

/** After kubelet v1.36 kuberuntime_container_linux.go calculateLinuxResources. */
export function containerResources(options: {
  pod: ReadonlyPod
  container: ReadonlyContainer
  nodeMemoryBytes: number
}): CriRequest<'LinuxContainerResources'> {
  const { requests, limits } = options.container.resources ?? {}
  // Without a request the limit is the request; with neither, the least there is.
  const cpuRequest = requests?.cpu ?? limits?.cpu ?? '0'
  return {
    cpuShares: cpuShares(milliOf(cpuRequest)),
    ...(limits?.cpu ? { cpuQuota: cpuQuotaUs(milliOf(limits.cpu)), cpuPeriod: quotaPeriodUs } : {}),
    ...(limits?.memory ? { memoryLimitInBytes: unitsOf(limits.memory) } : {}),
    oomScoreAdj: oomScoreAdj(options),
  }
}

/** Whom the kernel kills first. After kubelet v1.36 qos/policy.go GetContainerOOMScoreAdjust. */
export function oomScoreAdj(options: {
  pod: ReadonlyPod
  container: ReadonlyContainer
  nodeMemoryBytes: number
}): number {
  const { pod, container, nodeMemoryBytes } = options
  const guaranteed = -997
  const bestEffort = 1000
  // system-node-critical and above.
  if ((pod.spec?.priority ?? 0) >= 2_000_001_000) return guaranteed
  const qos = qosClassOf(pod)
  if (qos === 'Guaranteed') return guaranteed
  if (qos === 'BestEffort') return bestEffort
  const request = unitsOf(container.resources?.requests?.memory ?? '0')
  const score = 1000 - Math.floor((1000 * request) / nodeMemoryBytes)
  if (score < 1000 + guaranteed) return 1000 + guaranteed
  return score === bestEffort ? score - 1 : score
}

/** What a Pod may use as a whole; undefined where one of its containers has no limit. */
export interface PodLimits {
  readonly cpuShares: number
  readonly cpuQuotaUs: number | undefined
  readonly memoryBytes: number | undefined
}

/** The limits of the Pod's own cgroup. After kubelet v1.36 cm/helpers_linux.go ResourceConfigForPod. */
export function podLimits(pod: ReadonlyPod): PodLimits {
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  const all = [...containers, ...initContainers]
  const amount = (name: 'cpu' | 'memory', list: 'requests' | 'limits') => {
    const read = name === 'cpu' ? milliOf : unitsOf
    return podAmount(pod, (resources) => read(resources?.[list]?.[name] ?? '0'))
  }
  const everyLimit = (name: 'cpu' | 'memory') => all.every(({ resources }) => resources?.limits?.[name])
  if (qosClassOf(pod) === 'BestEffort') return { cpuShares: minShares, cpuQuotaUs: undefined, memoryBytes: undefined }
  return {
    cpuShares: cpuShares(amount('cpu', 'requests')),
    cpuQuotaUs: everyLimit('cpu') ? cpuQuotaUs(amount('cpu', 'limits')) : undefined,
    memoryBytes: everyLimit('memory') ? amount('memory', 'limits') : undefined,
  }
}

/**
 * A resource of the whole Pod: regular containers and sidecars run together; each init container runs alone beside the
 * sidecars before it. After component-helpers v1.36 resource/helpers.go.
 */
export function podAmount(
  pod: ReadonlyPod,
  read: (resources: DeepReadonly<ResourceRequirements> | undefined) => number,
): number {
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  let sidecars = 0
  let peak = 0
  for (const container of initContainers) {
    const own = read(container.resources)
    if (isSidecar(container)) sidecars += own
    peak = Math.max(peak, isSidecar(container) ? sidecars : sidecars + own)
  }
  const together = containers.reduce((sum, { resources }) => sum + read(resources), sidecars)
  return Math.max(together, peak)
}
