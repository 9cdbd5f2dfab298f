import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod, Service } from '../api/types/core/v1.ts'
import { nodes, pods, services } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import type { Cached, Informer } from '../client/informer.ts'
import { createInformer } from '../client/informers.ts'
import { untilSynced } from '../client/until-synced.ts'
import type { Clock } from '../platform/clock.ts'
import { readFileIfThere } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import { podCgroups } from './cgroups/pod-cgroup.ts'
import { parseResolvConf } from './containers/dns.ts'
import type { Cri } from './cri/cri.ts'
import { watchRuntime } from './cri/runtime-events.ts'
import { ImagePuller } from './images/image-puller.ts'
import { runHeartbeat } from './node/lease.ts'
import { readMachine } from './node/machine.ts'
import { NodeReporter } from './node/node-reporter.ts'
import { type NodeRegistration, nodeAllocatable, nodeCapacity } from './node/node-status.ts'
import { createObjectCache } from './object-cache.ts'
import type { NodeContext } from './pod/node-context.ts'
import { PodWorkers } from './pod/pod-workers.ts'
import { rotateLogs } from './pod/rotate-logs.ts'
import { StatusWriter } from './pod/status/status-writer.ts'
import { readStaticPods, watchStaticPods } from './static-pods/static-pods.ts'
import { mountsBelow, mountTmpfs } from './volumes/mounts.ts'
import { createTokenSource } from './volumes/tokens.ts'

export interface KubeletOptions {
  readonly client: Client
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Logger
  readonly runtime: Cri
  /** The kubelet's own: volumes, hosts files. */
  readonly rootDirectory: string
  /** Logs of containers; upstream's `/var/log/pods` if not given. */
  readonly podLogsDirectory?: string
  /** A folder of manifests that run whether the API knows them or not. */
  readonly podManifestPath?: string
  /** The node's addresses, the primary one first. */
  readonly nodeAddresses: readonly string[]
  /** The hostname to register; the node's name if not given. */
  readonly hostname?: string
  readonly clusterDns: readonly string[]
  readonly clusterDomain: string
  /** kubets' own control group, below which those of the Pods lie; `/kubets` if not given. */
  readonly cgroupParent?: string
  readonly maxPods?: number
  /** Where the kubelet's server listens, for the Node's status. */
  readonly port?: number
  readonly registration?: NodeRegistration
  /** Ends the kubelet and leaves every Pod as it is. */
  readonly signal: AbortSignal
}

/** A kubelet at work. */
export interface Kubelet {
  /** The Pods of this node with their newest status, static ones included. */
  pods(): readonly Pod[]
  /** Resolves when the Node is registered and what was running is adopted. */
  readonly ready: Promise<void>
  /** Resolves when all has ended after the signal. */
  readonly done: Promise<void>
  /** An image has been imported: list it in the Node's status soon. */
  imagesChanged(): void
}

const defaultMaxPods = 110
const adoptAgainAfterMs = 500

/**
 * Runs the Pods that the API gives this node. Whatever runs already, of a predecessor that was killed, goes on untouched.
 * After kubelet v1.36 pkg/kubelet/kubelet.go.
 */
export function runKubelet(options: KubeletOptions): Kubelet {
  const { signal } = options
  const parts = assemble(options)
  const { workers, reporter, podInformer, serviceInformer } = parts
  const registered = reporter.register(signal)
  const ready = start(options, parts, registered)
  const loops = [
    podInformer.run(signal),
    serviceInformer.run(signal),
    registered.then(() => Promise.all([reporter.run(signal), heartbeat(options)])),
    ready.then(() => (signal.aborted ? undefined : runLoops(options, parts))),
  ]
  return {
    pods: () => workers.pods(),
    ready,
    done: Promise.all(loops).then(() => workers.done()),
    imagesChanged: reporter.notify,
  }
}

interface Parts {
  readonly podInformer: Informer<Pod>
  readonly serviceInformer: Informer<Service>
  readonly context: NodeContext
  readonly workers: PodWorkers
  readonly reporter: NodeReporter
}

function assemble(options: KubeletOptions): Parts {
  const { client, nodeName, clock, log, signal, runtime: cri, hostname = nodeName, port } = options
  const { maxPods = defaultMaxPods, registration = { labels: {}, taints: [] } } = options
  const fieldSelector = `spec.nodeName=${nodeName}`
  const podInformer = createInformer({ client, clock, log, resource: pods, fieldSelector })
  const serviceInformer = createInformer({ client, clock, log, resource: services })
  const machine = readMachine('/')
  const allocatable = nodeAllocatable(nodeCapacity({ machine, maxPods }), machine)
  const context = createContext(options, () => serviceInformer.list(), allocatable)
  const { recorder } = context
  const addresses = options.nodeAddresses
  const about = { nodeName, hostname, addresses, machine, maxPods, port, registration, rootDirectory: '/' }
  return {
    podInformer,
    serviceInformer,
    context,
    workers: new PodWorkers({ context, client, signal }),
    reporter: new NodeReporter({ client, cri, recorder, clock, log, ...about }),
  }
}

/** Resolves when the Node is there and every Pod has its worker, or the kubelet is to end. */
async function start(options: KubeletOptions, parts: Parts, registered: Promise<void>): Promise<void> {
  const { nodeName, log, podManifestPath, signal } = options
  const { context, workers, podInformer, serviceInformer } = parts
  const node = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName }
  context.recorder.eventAbout(node, 'Normal', 'Starting', 'Starting kubelet.')
  await prepareDirectories(context)
  feedWorkers(podInformer, workers)
  if (!(await untilSynced([podInformer, serviceInformer], signal))) return
  // What the manifests ask for must be known before anything is taken for an orphan.
  if (podManifestPath) workers.setStatic(await readStaticPods({ directory: podManifestPath, nodeName, log }))
  await Promise.all([adoptPatiently(options, workers), registered])
}

/** The runtime may be starting still. */
async function adoptPatiently({ clock, log, signal }: KubeletOptions, workers: PodWorkers): Promise<void> {
  while (!signal.aborted) {
    try {
      return await workers.adopt()
    } catch (error) {
      log.warn('the runtime does not say what runs, asking again', { error })
      await clock.sleep(adoptAgainAfterMs, signal)
    }
  }
}

function heartbeat({ client, clock, log, nodeName, signal }: KubeletOptions): Promise<void> {
  const nodeUid = async () => (await client.of(nodes).get(nodeName)).metadata.uid
  return runHeartbeat({ client, clock, log, nodeName, nodeUid }, signal)
}

/** What only makes sense once the Pods are known. */
async function runLoops(options: KubeletOptions, { workers }: Parts): Promise<void> {
  const { nodeName, clock, log, runtime: cri, podManifestPath, signal } = options
  const { exited, relist, runningLogs, setStatic } = workers
  await Promise.all([
    watchRuntime({ cri, clock, log, exited, relist }, signal),
    rotateLogs({ cri, clock, log, running: runningLogs }, signal),
    podManifestPath
      ? watchStaticPods({ directory: podManifestPath, nodeName, log, changed: setStatic }, signal)
      : undefined,
  ])
}

function feedWorkers(informer: Informer<Pod>, workers: PodWorkers): void {
  informer.addHandler({
    added: (pod: Cached<Pod>) => workers.set(pod),
    updated: (pod: Cached<Pod>) => workers.set(pod),
    deleted: (pod: Cached<Pod>) => workers.delete(pod),
  })
}

function createContext(
  options: KubeletOptions,
  listServices: NodeContext['services'],
  allocatable: Readonly<Record<string, string>>,
): NodeContext {
  const { client, nodeName, clock, log, runtime: cri, rootDirectory, signal } = options
  return {
    signal,
    clock,
    log,
    cri,
    recorder: createEventRecorder({ client, component: 'kubelet', host: nodeName, clock, log, signal }),
    images: new ImagePuller({ cri, clock }),
    cgroups: podCgroups(options.cgroupParent ?? '/kubets'),
    objects: createObjectCache({ client, clock, log, signal }),
    tokens: createTokenSource({ client, clock }),
    statuses: new StatusWriter({ client, clock, log, signal }),
    services: listServices,
    allocatable: () => allocatable,
    nodeMemoryBytes: readMachine('/').memoryBytes,
    hostIps: options.nodeAddresses,
    nodeDns: parseResolvConf(readFileIfThere('/etc/resolv.conf') ?? ''),
    clusterDns: options.clusterDns,
    clusterDomain: options.clusterDomain,
    podsDirectory: join(rootDirectory, 'pods'),
    memoryDirectory: join(rootDirectory, 'memory'),
    podLogsDirectory: options.podLogsDirectory ?? '/var/log/pods',
  }
}

/** One file system in memory for the secrets of all Pods: a mount each would cost every Pod some milliseconds. */
async function prepareDirectories({ podsDirectory, memoryDirectory, podLogsDirectory }: NodeContext): Promise<void> {
  await mkdir(podsDirectory, { recursive: true, mode: 0o755 })
  await mkdir(memoryDirectory, { recursive: true, mode: 0o755 })
  await mkdir(podLogsDirectory, { recursive: true, mode: 0o755 })
  const mounts = await mountsBelow(memoryDirectory)
  if (!mounts.includes(memoryDirectory)) await mountTmpfs(memoryDirectory)
}
