import type { NodeSpec, PodSpec } from '../../src/api/types/core/v1.ts'
import type { ObjectMeta } from '../../src/machinery/object.ts'
import { type ClusterView, type NodeObject, SchedulerCache } from '../../src/scheduler/cache.ts'
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

type PodParts = Partial<ObjectMeta> & { cpu?: string; memory?: string; hostPort?: number; spec?: Partial<PodSpec> }

/** A Pod of one container in the namespace `default`. */
export function buildPod(name: string, { cpu, memory, hostPort, spec, ...metadata }: PodParts = {}): PodObject {
  const requests = { ...(cpu && { cpu }), ...(memory && { memory }) }
  const ports = hostPort ? [{ hostPort, containerPort: hostPort, protocol: 'TCP' }] : []
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', generation: 1, ...metadata },
    spec: {
      containers: [{ name: 'c', image: 'app', resources: { requests }, ports }],
      schedulerName: 'default-scheduler',
      ...spec,
    },
  }
}

/** A cluster of these nodes, and of these Pods on the nodes they name. */
export function buildCluster(nodes: readonly NodeObject[], pods: readonly PodObject[] = []): ClusterView {
  const cache = new SchedulerCache()
  for (const node of nodes) cache.setNode(node)
  for (const pod of pods) cache.setPod(pod)
  return {
    nodes: cache.nodes,
    nodesWithAffinity: cache.nodesWithAffinity,
    nodesWithAntiAffinity: cache.nodesWithAntiAffinity,
    nodesWithImage: (image) => cache.nodesWithImage(image),
    namespaceLabels: () => ({}),
    defaultSpreadSelector: () => undefined,
  }
}
