import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { nodes } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import { createInformer } from '../client/informers.ts'
import type { Clock } from '../platform/clock.ts'
import { makePrivateDirectory, writeFileAtomically } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import { clusterDnsAddress, dnsUser } from './addons.ts'
import type { AgentComponent, AgentConfig } from './agent-config.ts'
import { type AgentLaunch, agentLogFile } from './agents.ts'
import type { CertificateRequest } from './certificates.ts'
import { PairFolder } from './cluster-certificates.ts'
import { type ControlPlane, machineAddress } from './control-plane.ts'
import type { DataDirectory } from './data-directory.ts'
import {
  bridgeAddress,
  createBridge,
  createNodeNamespace,
  type NodeNamespace,
  nodeNamespace,
} from './node-namespaces.ts'
import type { ClusterOptions } from './options.ts'

/** One node of this machine: the first in the host's own network, each other in a namespace of its own. */
export interface LocalNode {
  readonly name: string
  readonly address: string
  readonly namespace: NodeNamespace | undefined
}

/** The nodes that the options ask for. With more than one the first is reached over the bridge, as the others are. */
export function localNodes({ nodes: count, nodeName }: Pick<ClusterOptions, 'nodes' | 'nodeName'>): LocalNode[] {
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return { name: nodeName, address: count > 1 ? bridgeAddress : machineAddress(), namespace: undefined }
    const name = `${nodeName}-${i + 1}`
    const namespace = nodeNamespace(name, i + 1)
    return { name, address: namespace.address, namespace }
  })
}

/** Makes the namespaces of all nodes beyond the first, and the bridge that joins them. */
export async function prepareNodeNetworks(local: readonly LocalNode[]): Promise<void> {
  if (local.every(({ namespace }) => namespace === undefined)) return
  await createBridge()
  await Promise.all(local.map(({ namespace }, i) => namespace && createNodeNamespace(namespace, i + 1)))
}

interface LaunchOptions {
  readonly node: LocalNode
  readonly controlPlane: ControlPlane
  readonly options: ClusterOptions
  readonly directory: DataDirectory
  readonly clock: Clock
}

/** Writes a node's certificates and says how its agent is started. */
export async function agentLaunch({
  node,
  controlPlane,
  options,
  directory,
  clock,
}: LaunchOptions): Promise<AgentLaunch> {
  const { authority } = controlPlane.certificates
  const nodeDirectory = directory.node(node.name)
  const pki = join(nodeDirectory, 'pki')
  makePrivateDirectory(pki)
  makePrivateDirectory(directory.logs)
  const folder = new PairFolder(pki, clock)
  const pair = async (name: string, request: CertificateRequest) => {
    await folder.issued(name, authority, request)
    return { certificate: join(pki, `${name}.crt`), key: join(pki, `${name}.key`) }
  }
  const certificateAuthority = join(pki, 'ca.crt')
  writeFileAtomically(certificateAuthority, authority.pair.certificate)
  const [kubelet, proxy, dns, serving] = await Promise.all([
    pair('kubelet', { commonName: `system:node:${node.name}`, organizations: ['system:nodes'], usage: 'client' }),
    pair('proxy', { commonName: 'system:kube-proxy', usage: 'client' }),
    pair('dns', { commonName: dnsUser, usage: 'client' }),
    pair('serving', { commonName: node.name, names: [node.name, node.address, '127.0.0.1'], usage: 'server' }),
  ])
  const credentials: AgentConfig['credentials'] = { kubelet, proxy, dns } satisfies Record<AgentComponent, unknown>
  const host = node.namespace || node.address === bridgeAddress ? bridgeAddress : '127.0.0.1'
  return {
    networkNamespacePath: node.namespace?.path,
    logFile: agentLogFile(directory.root, node.name),
    config: {
      nodeName: node.name,
      nodeAddress: node.address,
      directory: nodeDirectory,
      stateDirectory: stateDirectory(directory.root, node.name),
      server: `https://${host}:${controlPlane.port}`,
      certificateAuthority,
      credentials,
      serving,
      clusterCidr: options.clusterCidr,
      clusterDomain: options.clusterDomain,
      clusterDns: clusterDnsAddress(options.serviceCidr),
      podManifestPath: options.podManifestPath ?? directory.manifests,
      logLevel: options.logLevel,
    },
  }
}

/** On a file system that a reboot empties; short, since sockets lie in it; one a data directory and node. */
export function stateDirectory(dataDirectory: string, nodeName: string): string {
  const id = createHash('sha256').update(`${dataDirectory}\0${nodeName}`).digest('hex').slice(0, 12)
  return `/run/kubets/${id}`
}

/** Resolves when all these nodes are Ready; calls `onReady` for each as it becomes so. */
export async function untilNodesReady(
  {
    client,
    names,
    clock,
    log,
    onReady,
  }: { client: Client; names: readonly string[]; clock: Clock; log: Logger; onReady: (name: string) => void },
  signal: AbortSignal,
): Promise<void> {
  const waiting = new Set(names)
  if (waiting.size === 0) return
  const found = new AbortController()
  const informer = createInformer({ client, resource: nodes, clock, log })
  const look = ({ metadata, status }: ReturnType<typeof informer.list>[number]) => {
    const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    if (!ready || !waiting.delete(metadata.name)) return
    onReady(metadata.name)
    if (waiting.size === 0) found.abort()
  }
  informer.addHandler({ added: look, updated: look })
  await informer.run(AbortSignal.any([signal, found.signal]))
}
