import type { Node, Pod, PodCondition, PodStatus } from '../api/types/core/v1.ts'
import { leases, nodes, pods } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { Cached } from '../client/informer.ts'
import { createInformer } from '../client/informers.ts'
import { createWorkQueue } from '../client/work-queue.ts'
import { objectKey } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { formatMicroTime, formatTime } from '../machinery/time.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'

export interface HollowNodesOptions {
  readonly client: Client
  readonly count: number
  readonly clock: Clock
  readonly log: Logger
}

/** How many requests are on their way at once. */
const workers = 64
/** Leases last as the kubelet's do; hollow ones are renewed late, since nothing can happen to them. */
const leaseDurationSeconds = 40
const renewEveryMs = 25_000

const nodeKey = 'node/'
const podKey = 'pod/'

/**
 * Nodes that run nothing: they register, renew their Leases, and report every Pod placed on them as running and, once
 * deleted, as gone. For scale tests and for trying out schedulers and controllers. Runs until `signal` aborts.
 */
export async function runHollowNodes(options: HollowNodesOptions, signal: AbortSignal): Promise<void> {
  const { client, count, clock, log } = options
  const queue = createWorkQueue({ clock })
  const names = new Set(Array.from({ length: count }, (_, i) => hollowNodeName(i)))
  const informer = createInformer({ client, resource: pods, clock, log })
  const enqueue = (pod: Cached<Pod>) => {
    if (names.has(pod.spec?.nodeName ?? '')) queue.add(`${podKey}${objectKey(pod)}`)
  }
  informer.addHandler({ added: enqueue, updated: enqueue })
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })
  for (const name of names) queue.add(`${nodeKey}${name}`)
  const work = async () => {
    for (let key = await queue.next(); key !== undefined && !signal.aborted; key = await queue.next()) {
      try {
        if (key.startsWith(nodeKey)) {
          await keepNode(key.slice(nodeKey.length), options)
          queue.addAfter(key, renewEveryMs)
        } else {
          await keepPod(informer.get(key.slice(podKey.length)), options)
        }
        queue.forget(key)
      } catch (error) {
        log.warn('a hollow node could not write', { key, error })
        queue.addRateLimited(key)
      }
      queue.done(key)
    }
  }
  await Promise.all([informer.run(signal), ...Array.from({ length: workers }, work)])
}

/** `hollow-0`, `hollow-1`… */
export function hollowNodeName(index: number): string {
  return `hollow-${index}`
}

/** Registers the node if it is not there, and renews its Lease. */
async function keepNode(name: string, { client, clock }: HollowNodesOptions): Promise<void> {
  const lease = {
    metadata: { name, namespace: 'kube-node-lease' },
    spec: { holderIdentity: name, leaseDurationSeconds, renewTime: formatMicroTime(clock.nowMs()) },
  }
  try {
    await client.of(leases).patch(name, { spec: lease.spec }, { type: 'merge', namespace: 'kube-node-lease' })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
    await client.of(nodes).create(hollowNode(name, clock.nowMs())).catch(unlessThere)
    await client.of(leases).create(lease).catch(unlessThere)
  }
}

function unlessThere(error: unknown): void {
  if (!isStatus(error, 'AlreadyExists')) throw error
}

function hollowNode(name: string, nowMs: number): Node {
  const now = formatTime(nowMs)
  const capacity = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '110' }
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'a hollow node runs nothing',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    type: 'hollow',
  }
  return {
    metadata: { name, labels },
    status: { capacity, allocatable: capacity, conditions: [ready], phase: 'Running' },
  }
}

/** A new Pod runs at once; a deleted one is gone at once; one that has ended stays as it is. */
async function keepPod(pod: Cached<Pod> | undefined, { client, clock }: HollowNodesOptions): Promise<void> {
  if (!pod) return
  const { name, namespace = '', uid, deletionTimestamp } = pod.metadata
  try {
    if (deletionTimestamp) {
      await client.of(pods).delete(name, { namespace, gracePeriodSeconds: 0, preconditions: { uid } })
    } else if ((pod.status?.phase ?? 'Pending') === 'Pending') {
      const status = runningStatus(pod, formatTime(clock.nowMs()))
      await client
        .of(pods)
        .patch(name, { metadata: { uid }, status }, { type: 'strategic', subresource: 'status', namespace })
    }
  } catch (error) {
    if (!isStatus(error, 'NotFound', 'Conflict')) throw error
  }
}

function runningStatus(pod: Cached<Pod>, now: string): PodStatus {
  const conditions: PodCondition[] = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'].map(
    (type) => ({
      type,
      status: 'True',
      lastTransitionTime: now,
    }),
  )
  const containerStatuses = (pod.spec?.containers ?? []).map(({ name, image = '' }) => ({
    name,
    image,
    imageID: '',
    ready: true,
    started: true,
    restartCount: 0,
    containerID: `hollow://${pod.metadata.uid}/${name}`,
    state: { running: { startedAt: now } },
  }))
  const podIP = hollowAddress(pod.metadata.uid)
  return { phase: 'Running', startTime: now, conditions, containerStatuses, podIP, podIPs: [{ ip: podIP }] }
}

/** An address in 100.64.0.0/10, which is nobody's, the same each time for the same Pod. */
function hollowAddress(uid: string): string {
  const bits = Number.parseInt(uid.replaceAll('-', '').slice(0, 6), 16) || 1
  return `100.${64 + ((bits >> 16) & 0x3f)}.${(bits >> 8) & 0xff}.${bits & 0xff}`
}
