import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pod } from '../api/types/core/v1.ts'
import { nodes, pods, services } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import type { Cached, Informer } from '../client/informer.ts'
import { createInformer } from '../client/informers.ts'
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

/**
 * Runs the Pods that the API gives this node. Whatever runs already, of a predecessor that was killed, goes on untouched.
 * After kubelet v1.36 pkg/kubelet/kubelet.go.
 */
export function runKubelet(options: KubeletOptions): Kubelet {
  const { client, nodeName, clock, log, runtime: cri, podManifestPath, signal } = options
  const informerOptions = { client, clock, log }
  const podInformer = createInformer({
    ...informerOptions,
    resource: pods,
    fieldSelector: `spec.nodeName=${nodeName}`,
  })
  const serviceInformer = createInformer({ ...informerOptions, resource: services })
  const machine = readMachine('/')
  const maxPods = options.maxPods ?? defaultMaxPods
  const context = createContext(
    options,
    () => serviceInformer.list(),
    nodeAllocatable(nodeCapacity({ machine, maxPods }), machine),
  )
  const workers = new PodWorkers({ context, client, signal })
  const reporter = new NodeReporter({
    client,
    cri,
    recorder: context.recorder,
    clock,
    log,
    machine,
    rootDirectory: '/',
    nodeName,
    hostname: options.hostname ?? nodeName,
    addresses: options.nodeAddresses,
    maxPods,
    port: options.port,
    registration: options.registration ?? { labels: {}, taints: [] },
  })

  const registered = reporter.register(signal)
  const nodeUid = async () => (await client.of(nodes).get(nodeName)).metadata.uid
  const start = async () => {
    const node = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeName }
    context.recorder.eventAbout(node, 'Normal', 'Starting', 'Starting kubelet.')
    await prepareDirectories(context)
    feedWorkers(podInformer, workers)
    await Promise.all([podInformer.synced, serviceInformer.synced])
    // What the manifests ask for must be known before anything is taken for an orphan.
    if (podManifestPath) workers.setStatic(await readStaticPods({ directory: podManifestPath, nodeName, log }))
    await Promise.all([workers.adopt(), registered])
  }
  const ready = start()
  const afterReady = async (run: () => Promise<void>) => {
    await ready
    if (!signal.aborted) await run()
  }
  const loops = [
    podInformer.run(signal),
    serviceInformer.run(signal),
    registered.then(() => reporter.run(signal)),
    registered.then(() => runHeartbeat({ client, clock, log, nodeName, nodeUid }, signal)),
    afterReady(() => rotateLogs({ cri, clock, log, running: workers.runningLogs }, signal)),
    afterReady(() => watchRuntime({ cri, clock, log, exited: workers.exited, relist: workers.relist }, signal)),
    ...(podManifestPath
      ? [
          afterReady(() =>
            watchStaticPods({ directory: podManifestPath, nodeName, log, changed: workers.setStatic }, signal),
          ),
        ]
      : []),
  ]
  return {
    pods: () => workers.pods(),
    ready,
    done: Promise.all(loops).then(() => workers.done()),
    imagesChanged: reporter.notify,
  }
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
