import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodes, pods } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import { createHttpTransport } from '../client/http-transport.ts'
import { createInformer } from '../client/informers.ts'
import { createSharedInformers } from '../client/shared-informers.ts'
import { createClient } from '../client/typed-client.ts'
import { startDns } from '../dns/dns.ts'
import { publishDnsEndpoint } from '../dns/publish-endpoint.ts'
import { upstreamServers } from '../dns/upstream.ts'
import { startContainerd } from '../kubelet/containerd/containerd.ts'
import { connectCri } from '../kubelet/cri/cri.ts'
import { runKubelet } from '../kubelet/kubelet.ts'
import { createCriHost } from '../kubelet/server/cri-host.ts'
import { createKubeletServer } from '../kubelet/server/server.ts'
import { runNetwork } from '../network/network.ts'
import type { Clock } from '../platform/clock.ts'
import { readFileIfThere } from '../platform/files.ts'
import type { Logger } from '../platform/log.ts'
import { runProxy } from '../proxy/proxy.ts'
import { dnsPort, dnsService } from './addons.ts'
import { type AgentComponent, type AgentConfig, agentSocket } from './agent-config.ts'
import { configDigest } from './agents.ts'
import { listenOnControlSocket } from './control-socket.ts'
import { UsageError } from './usage-error.ts'

export interface AgentOptions {
  readonly config: AgentConfig
  readonly clock: Clock
  readonly log: Logger
}

const kubeletPort = 10_250
const retryAfterMs = 1000
/** The veth's; large enough for any link below it. */
const podMtu = 1500

/**
 * One node: containerd, kubelet, service proxy, Pod network and DNS, each with its own identity, until `signal` aborts
 * or it is told to stop. What runs on the node goes on without it: Pods, rules, routes.
 */
export async function runAgent(options: AgentOptions, outerSignal: AbortSignal): Promise<void> {
  const { config } = options
  const stopping = new AbortController()
  const signal = AbortSignal.any([outerSignal, stopping.signal])
  const digest = configDigest(config)
  const socket = await listenOnControlSocket(agentSocket(config.directory), {
    status: async () => ({ pid: process.pid, digest }),
    stop: async () => stopping.abort(),
  })
  if (!socket) throw new UsageError(`an agent for ${config.nodeName} already runs`)
  const clients = clientsOf(config)
  try {
    const components = [
      runPods(options, clients.kubelet, signal),
      runServices(options, clients, signal),
      keepTrying('dns', options, signal, () => runDns(options, clients.dns, signal)),
    ]
    // One that fails ends them all: half a node is worse than one that is started again.
    for (const component of components) component.catch(() => stopping.abort())
    const failed = (await Promise.allSettled(components)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  } finally {
    await Promise.all(Object.values(clients).map(({ transport }) => transport.close()))
    await socket.close()
  }
}

type Clients = Readonly<Record<AgentComponent, Client>>

function clientsOf({ server, certificateAuthority, credentials }: AgentConfig): Clients {
  const ca = readFileSync(certificateAuthority, 'utf8')
  const clientOf = (component: AgentComponent, userAgent: string) =>
    createClient(
      createHttpTransport({
        url: server,
        certificateAuthority: ca,
        clientCertificate: readFileSync(credentials[component].certificate, 'utf8'),
        clientKey: readFileSync(credentials[component].key, 'utf8'),
        userAgent,
      }),
    )
  return {
    kubelet: clientOf('kubelet', 'kubelet'),
    proxy: clientOf('proxy', 'kube-proxy'),
    dns: clientOf('dns', 'kubets-dns'),
  }
}

const cniConfDirectory = (config: AgentConfig) => join(config.directory, 'cni')

/** containerd and the kubelet with its server. */
async function runPods({ config, clock, log }: AgentOptions, client: Client, signal: AbortSignal): Promise<void> {
  const containerd = await startContainerd({
    rootDirectory: join(config.directory, 'containerd'),
    stateDirectory: config.stateDirectory,
    cniConfDirectory: cniConfDirectory(config),
    clock,
    log,
  })
  const runtime = connectCri(containerd.socketPath)
  const kubelet = runKubelet({
    client,
    nodeName: config.nodeName,
    clock,
    log: log.child({ component: 'kubelet' }),
    runtime,
    rootDirectory: join(config.directory, 'kubelet'),
    podLogsDirectory: join(config.directory, 'pods-log'),
    cgroupParent: '/kubets',
    podManifestPath: config.podManifestPath,
    nodeAddresses: [config.nodeAddress],
    clusterDns: [config.clusterDns],
    clusterDomain: config.clusterDomain,
    port: kubeletPort,
    signal,
  })
  const server = createKubeletServer({
    host: createCriHost({ cri: runtime, pods: kubelet.pods, clock }),
    nodeName: config.nodeName,
    certificate: readFileSync(config.serving.certificate, 'utf8'),
    key: readFileSync(config.serving.key, 'utf8'),
    clientCertificateAuthority: readFileSync(config.certificateAuthority, 'utf8'),
    authorize: ({ user: { groups } }) => Promise.resolve(groups.includes('system:masters')),
    clock,
    log: log.child({ component: 'kubelet-server' }),
  })
  await server.listen(kubeletPort, config.nodeAddress)
  try {
    await Promise.all([containerd.supervise(signal), kubelet.done])
  } finally {
    await server.close()
    runtime.close()
  }
}

/** Service proxy and Pod network. Nodes are read with the proxy's identity: a kubelet may see its own alone. */
async function runServices(
  { config, clock, log }: AgentOptions,
  { kubelet, proxy }: Clients,
  signal: AbortSignal,
): Promise<void> {
  const { nodeName, clusterCidr } = config
  const informers = createSharedInformers({ client: proxy, clock, log })
  const ownPods = createInformer({
    client: kubelet,
    resource: pods,
    fieldSelector: `spec.nodeName=${nodeName}`,
    clock,
    log,
  })
  const network = runNetwork(
    {
      nodeName,
      pods: ownPods,
      nodes: informers.informerFor(nodes),
      clusterCidr,
      dnsPort,
      cniConfDirectory: cniConfDirectory(config),
      stateDirectory: config.stateDirectory,
      mtu: podMtu,
      clock,
      log: log.child({ component: 'network' }),
    },
    signal,
  )
  const services = runProxy({ informers, nodeName, clusterCidr, clock, log: log.child({ component: 'proxy' }) }, signal)
  await Promise.all([informers.run(signal), ownPods.run(signal), network, services])
}

async function runDns(
  { config, clock, log: parent }: AgentOptions,
  client: Client,
  signal: AbortSignal,
): Promise<void> {
  const log = parent.child({ component: 'dns' })
  const informers = createSharedInformers({ client, clock, log })
  const running = informers.run(signal)
  const servers = upstreamServers(readFileIfThere, [config.clusterDns])
  const { nodeName, nodeAddress: address, clusterDomain } = config
  const server = await startDns(
    { informers, clusterDomain, address, port: dnsPort, upstreamServers: servers, clock, log },
    signal,
  )
  try {
    await publishDnsEndpoint(client, { service: dnsService, nodeName, address, port: server.port })
    await running
  } finally {
    await server.close()
  }
}

/** Runs until it ends by itself or `signal` aborts; what fails is said and tried again. */
async function keepTrying(
  component: string,
  { clock, log }: AgentOptions,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await run()
      return
    } catch (error) {
      if (signal.aborted) return
      log.error('a component of the node failed, trying again', { component, error })
      await clock.sleep(retryAfterMs, signal)
    }
  }
}
