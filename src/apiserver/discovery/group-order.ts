/** How early a group stands in lists, and its versions within it. After kube-apiserver's apiVersionPriorities v1.36. */
export interface Priority {
  readonly group: number
  readonly version: number
}

const builtIn: Readonly<Record<string, Priority>> = {
  '/v1': { group: 18000, version: 1 },
  'apiregistration.k8s.io/v1': { group: 18000, version: 15 },
  'apps/v1': { group: 17800, version: 15 },
  'events.k8s.io/v1': { group: 17750, version: 15 },
  'authentication.k8s.io/v1': { group: 17700, version: 15 },
  'authorization.k8s.io/v1': { group: 17600, version: 15 },
  'autoscaling/v1': { group: 17500, version: 15 },
  'autoscaling/v2': { group: 17500, version: 30 },
  'batch/v1': { group: 17400, version: 15 },
  'certificates.k8s.io/v1': { group: 17300, version: 15 },
  'networking.k8s.io/v1': { group: 17200, version: 15 },
  'policy/v1': { group: 17100, version: 15 },
  'rbac.authorization.k8s.io/v1': { group: 17000, version: 15 },
  'storage.k8s.io/v1': { group: 16800, version: 15 },
  'admissionregistration.k8s.io/v1': { group: 16700, version: 15 },
  'apiextensions.k8s.io/v1': { group: 16700, version: 15 },
  'scheduling.k8s.io/v1': { group: 16600, version: 15 },
  'coordination.k8s.io/v1': { group: 16500, version: 15 },
  'node.k8s.io/v1': { group: 16300, version: 15 },
  'discovery.k8s.io/v1': { group: 16200, version: 15 },
  'resource.k8s.io/v1': { group: 16200, version: 21 },
  'flowcontrol.apiserver.k8s.io/v1': { group: 16100, version: 21 },
  // As metrics-server's manifest has it.
  'metrics.k8s.io/v1beta1': { group: 100, version: 100 },
}

/** Custom groups come after all built-in ones. */
const custom: Priority = { group: 1000, version: 100 }

export interface GroupVersions {
  readonly group: string
  /** The preferred one first. */
  readonly versions: readonly string[]
}

/** What an APIService says of its group-version, which may differ from what is known here. */
export type Priorities = (group: string, version: string) => Priority | undefined

interface Order {
  readonly priorities?: Priorities
  /** Equally important groups stand by their names, or, in plain lists, by those of their APIServices: `v1.apps`. */
  readonly ties?: 'group' | 'apiService'
}

const byGroup = ({ group }: GroupVersions) => group
const byApiService = ({ group, versions }: GroupVersions) => versions.map((version) => `${version}.${group}`).sort()[0]!

/** The groups of these group-versions, most important first, each with its versions in the same order. */
export function orderGroups(
  groupVersions: Iterable<{ readonly group: string; readonly version: string }>,
  { priorities = () => undefined, ties = 'group' }: Order = {},
): GroupVersions[] {
  const priorityOf: PriorityOf = (group, version) =>
    priorities(group, version) ?? builtIn[`${group}/${version}`] ?? custom
  const versionsOf = new Map<string, Set<string>>()
  for (const { group, version } of groupVersions) {
    const versions = versionsOf.get(group)
    if (versions) versions.add(version)
    else versionsOf.set(group, new Set([version]))
  }
  const tie = ties === 'group' ? byGroup : byApiService
  return [...versionsOf]
    .map(([group, versions]) => ({ group, versions: [...versions].sort(versionOrder(group, priorityOf)) }))
    .sort(
      (left, right) =>
        importance(right, priorityOf) - importance(left, priorityOf) || (tie(left) < tie(right) ? -1 : 1),
    )
}

type PriorityOf = (group: string, version: string) => Priority

function importance({ group, versions }: GroupVersions, priorityOf: PriorityOf): number {
  return Math.max(...versions.map((version) => priorityOf(group, version).group))
}

function versionOrder(group: string, priorityOf: PriorityOf): (left: string, right: string) => number {
  return (left, right) =>
    priorityOf(group, right).version - priorityOf(group, left).version || compareKubernetesVersions(right, left)
}

/** v2 > v1 > v2beta1 > v1beta2 > v1alpha1 > anything else by name. After apimachinery version.CompareKubeAwareVersionStrings. */
export function compareKubernetesVersions(left: string, right: string): number {
  const a = parseVersion(left)
  const b = parseVersion(right)
  if (!a && !b) return left < right ? 1 : left > right ? -1 : 0
  if (!a || !b) return a ? 1 : -1
  return a.stability - b.stability || a.major - b.major || a.minor - b.minor
}

function parseVersion(text: string): { stability: number; major: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(text)
  if (!match) return undefined
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) }
}
