import type { PodSpec } from '../types/core/v1.ts'
import { totals } from '../validation/pod-spec.ts'
import { isHugePages } from '../validation/resources.ts'

const isSupported = (name: string) => name === 'cpu' || name === 'memory' || isHugePages(name)

/**
 * A Pod with resources of its own asks for what its containers ask for, and else for its limits. After pkg/apis/core/v1
 * defaultHugePagePodLimits and defaultPodRequests v1.36.
 */
export function defaultPodLevelResources({ resources, ...spec }: PodSpec): void {
  if (!resources) return
  const { limits = {}, requests = {} } = resources
  if (Object.keys(limits).length === 0 && Object.keys(requests).length === 0) return
  for (const [name, total] of totals(spec, 'limits')) {
    if (isHugePages(name) && !Object.hasOwn(requests, name)) limits[name] ??= String(total)
  }
  if (Object.keys(limits).length === 0) return
  resources.limits = limits
  for (const [name, total] of totals(spec, 'requests')) {
    if (isSupported(name) && !isHugePages(name)) requests[name] ??= String(total)
  }
  for (const name in limits) if (isSupported(name)) requests[name] ??= limits[name]!
  if (Object.keys(requests).length > 0) resources.requests = requests
}
