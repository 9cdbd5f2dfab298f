import type { Container, Pod, ResourceRequirements } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

/** Amounts that every container must state where a quota limits them. */
const mustBeStated: ReadonlySet<string> = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
])

/** `limits.memory for: c; requests.cpu for: c`: what a Pod's containers leave out though a quota limits it. */
export function unstatedAmounts({ spec }: DeepReadonly<Pod>, limited: readonly string[]): string | undefined {
  // Amounts of the Pod as a whole stand for those of its containers.
  if (hasOwnAmounts(spec?.resources)) return undefined
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]
  const missing = limited
    .filter((name) => mustBeStated.has(name))
    .sort()
    .map((name) => ({
      name,
      without: containers.filter((container) => !states(container, name)).map((container) => container.name),
    }))
    .filter(({ without }) => without.length > 0)
  if (missing.length === 0) return undefined
  return missing.map(({ name, without }) => `${name} for: ${[...new Set(without)].sort().join(',')}`).join('; ')
}

function hasOwnAmounts({ requests = {}, limits = {} }: DeepReadonly<ResourceRequirements> = {}): boolean {
  return [...Object.keys(requests), ...Object.keys(limits)].some((name) => podLevelName.test(name))
}

const podLevelName = /^(cpu|memory|hugepages-.*)$/

function states({ resources }: DeepReadonly<Container>, name: string): boolean {
  const [, kind = 'requests', amount = name] = /^(requests|limits)\.(.+)$/.exec(name) ?? []
  return resources?.[kind as 'requests' | 'limits']?.[amount] !== undefined
}
