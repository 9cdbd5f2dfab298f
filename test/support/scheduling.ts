import type { NodeSpec, PodSpec, PodStatus } from '../../src/api/types/core/v1.ts'
import type { ObjectMeta } from '../../src/machinery/object.ts'
import { type ClusterView, type DisruptionBudget, type NodeObject, SchedulerCache } from '../../src/scheduler/cache.ts'
import type { Plugin } from '../../src/scheduler/framework.ts'
import { Nominator } from '../../src/scheduler/nominator.ts'
import type { PodObject } from '../../src/scheduler/pod-object.ts'

type NodeParts = Partial<ObjectMeta> & {
  spec?: NodeSpec
  allocatable?: Record<string, string>
  images?: { names: string[]; sizeBytes: number }[]
}

/** A node with 4 CPUs, 8 GiB and room for 110 Pods, unless told otherwise. */
export function buildNode(name: string, { spec, allocatable, images, ...metadata }: NodeParts = {}): NodeObject {
  return {
    metadata: { name, uid: name, resourceVersion: '1', ...metadata },
    spec: spec ?? {},
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable }, images: images ?? [] },
  }
}

type PodParts = Partial<ObjectMeta> & {
  cpu?: string
  memory?: string
  hostPort?: number
  spec?: Partial<PodSpec>
  status?: PodStatus
}

/** A Pod of one container in the namespace `default`. */
export function buildPod(name: string, { cpu, memory, hostPort, spec, status, ...metadata }: PodParts = {}): PodObject {
  const requests = { ...(cpu && { cpu }), ...(memory && { memory }) }
  const ports = hostPort ? [{ hostPort, containerPort: hostPort, protocol: 'TCP' }] : []
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', generation: 1, ...metadata },
    spec: {
      containers: [{ name: 'c', image: 'app', resources: { requests }, ports }],
      schedulerName: 'default-scheduler',
      ...spec,
    },
    ...(status && { status }),
  }
}

interface ClusterParts {
  /** On the nodes they name in `nodeName`, or waiting for the one they name in `nominatedNodeName`. */
  readonly pods?: readonly PodObject[]
  readonly disruptionBudgets?: readonly DisruptionBudget[]
  readonly namespaceLabels?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly defaultSpreadSelector?: ClusterView['defaultSpreadSelector']
}

/** A cluster of these nodes, and what else there is. */
export function buildCluster(nodes: readonly NodeObject[], parts: ClusterParts = {}): ClusterView {
  const { pods = [], disruptionBudgets = [], namespaceLabels = {}, defaultSpreadSelector = () => undefined } = parts
  const cache = new SchedulerCache()
  const nominator = new Nominator()
  for (const node of nodes) cache.setNode(node)
  for (const pod of pods) {
    const nominated = pod.status?.nominatedNodeName
    if (nominated) nominator.nominate(pod, nominated)
    else cache.setPod(pod)
  }
  return {
    nodes: cache.nodes,
    nodesWithAffinity: cache.nodesWithAffinity,
    nodesWithAntiAffinity: cache.nodesWithAntiAffinity,
    nodesWithImage: (image) => cache.nodesWithImage(image),
    namespaceLabels: (namespace) => namespaceLabels[namespace] ?? {},
    defaultSpreadSelector,
    nominatedPods: (nodeName) => nominator.on(nodeName),
    disruptionBudgets: () => disruptionBudgets,
  }
}

/** A budget of the namespace `default` for Pods with these labels. */
export function buildBudget(matchLabels: Record<string, string>, disruptionsAllowed: number): DisruptionBudget {
  const status = { disruptionsAllowed, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
  return {
    metadata: { name: 'budget', namespace: 'default', uid: 'budget', resourceVersion: '1' },
    spec: { selector: { matchLabels } },
    status,
  }
}

/** What one plugin says of each node: why it cannot take the Pod, or its score from 0 to 100. */
export function askPlugin(plugin: Plugin, pod: PodObject, cluster: ClusterView) {
  const checks = plugin.prepare(pod, cluster)
  const rejected = cluster.nodes.map((node) => checks?.filter?.(node)?.reasons.join(', '))
  const feasible = cluster.nodes.filter((_, i) => rejected[i] === undefined)
  const scores = checks?.score && feasible.map(checks.score)
  if (scores) checks?.normalize?.(scores)
  return {
    rejected: Object.fromEntries(cluster.nodes.flatMap(({ name }, i) => (rejected[i] ? [[name, rejected[i]]] : []))),
    scores: Object.fromEntries(feasible.flatMap(({ name }, i) => (scores ? [[name, scores[i]]] : []))),
  }
}
