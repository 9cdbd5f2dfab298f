import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { stringify } from 'yaml'
import { createClient } from '../../src/client/typed-client.ts'
import { ensureAddons } from '../../src/cluster/addons.ts'
import type { AgentConfig } from '../../src/cluster/agent-config.ts'
import { etcdSkipReason, startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { type ClusterProcess, kubetsProgram, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'
import { BackgroundProgram, finished, output, until } from '../support/processes.ts'
import { serviceCidr, startKubeApiserver, upstreamProgram, upstreamSkipReason } from './kube-apiserver.ts'
import { startProgram, writeKubeconfig } from './upstream-program.ts'

const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl']
const isRoot = process.getuid?.() === 0
const skip = (isRoot ? undefined : 'nodes need root') ?? etcdSkipReason ?? upstreamSkipReason(...programs) ?? false

const manifest = `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - { name: main, image: busybox:1, command: [sh, -c, 'echo begun; mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www'] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`

/** What a node does for its Pods, asked for with upstream's kubectl. */
async function proveNode(kubeconfig: string): Promise<void> {
  const env = { KUBECONFIG: kubeconfig }
  const kubectl = (...args: string[]) => output(upstreamProgram('kubectl')!, args, { env })
  const hasAccount = async () => {
    const { code } = await finished(upstreamProgram('kubectl')!, ['get', 'serviceaccount', 'default'], { env })
    return code === 0
  }
  await until('the account of Pods', hasAccount)
  await output(upstreamProgram('kubectl')!, ['apply', '-f', '-'], { env, input: manifest })
  await kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s')
  assert.match(await kubectl('logs', 'web'), /begun/)
  const token = '/var/run/secrets/kubernetes.io/serviceaccount/token'
  assert.match(await kubectl('exec', 'web', '--', 'cat', token), /^eyJ/)
  const address = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
  const served = async () => (await fetch(`http://${address}/`, { signal: AbortSignal.timeout(1_000) })).text()
  await until('the Service answers', async () => {
    try {
      return (await served()) === 'hello\n'
    } catch {
      return false // Its rules are not written yet.
    }
  })
  await kubectl('delete', 'pod/web', 'service/web', '--timeout=60s')
}

/** The configuration with which kubelet runs Pods through the node's private containerd. */
function kubeletConfiguration({ stateDirectory, directory, serving, certificateAuthority }: AgentConfig): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${stateDirectory}/containerd.sock`,
    // What sandboxes for tests have: the old cgroups, swap, little disk.
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    evictionHard: { 'memory.available': '1Mi', 'nodefs.available': '0%', 'imagefs.available': '0%' },
    authentication: { anonymous: { enabled: false }, x509: { clientCAFile: certificateAuthority } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    podLogsDir: join(directory, 'upstream-logs'),
  })
}

function proxyConfiguration(kubeconfig: string, hostname: string): string {
  return stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig },
    clusterCIDR: '10.244.0.0/16',
    hostnameOverride: hostname,
    conntrack: { maxPerCore: 0, min: 0 },
  })
}

function kubeconfigOf(config: AgentConfig, component: 'kubelet' | 'proxy'): string {
  const { certificate, key } = config.credentials[component]
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: config.server, 'certificate-authority': config.certificateAuthority } }],
    users: [{ name: 'u', user: { 'client-certificate': certificate, 'client-key': key } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'c',
  })
}

describe('on one node', { skip }, () => {
  let cluster: ClusterProcess
  let config: AgentConfig

  before(async () => {
    cluster = await startClusterProcess({
      flags: ['--nodes', '1', '--service-cidr', serviceCidr],
      images: [busyboxImage('docker.io/library/busybox:1')],
    })
    // Its containerd stays, with the image and the configuration of the network.
    await cluster.interrupt()
    const text = readFileSync(join(cluster.dataDir, 'nodes', cluster.nodeName, 'agent.json'), 'utf8')
    config = JSON.parse(text) as AgentConfig
  })
  after(() => cluster?.close())

  test('a real kubelet and a real kube-proxy take the place of ours', async () => {
    await using cleanup = new AsyncDisposableStack()
    await cluster.up(['--nodes', '0'])
    cleanup.defer(async () => void (await cluster.interrupt()))
    const root = join(cluster.directory, 'kubelet')
    const kubelet = new BackgroundProgram(upstreamProgram('kubelet')!, [
      ...['--config', cluster.writeFile('kubelet.yaml', kubeletConfiguration(config))],
      ...['--kubeconfig', cluster.writeFile('kubelet.kubeconfig', kubeconfigOf(config, 'kubelet'))],
      ...['--hostname-override', config.nodeName, '--root-dir', root],
    ])
    cleanup.defer(async () => {
      await kubelet.stop()
      await output('umount', [root])
    })
    const kubeconfig = cluster.writeFile('proxy.kubeconfig', kubeconfigOf(config, 'proxy'))
    const configuration = cluster.writeFile('proxy.yaml', proxyConfiguration(kubeconfig, config.nodeName))
    const proxy = new BackgroundProgram(upstreamProgram('kube-proxy')!, ['--config', configuration])
    cleanup.defer(async () => {
      await proxy.stop()
      await output(upstreamProgram('kube-proxy')!, ['--config', configuration, '--cleanup'])
    })
    await proveNode(cluster.kubeconfig)
  })

  test("our kubelet, proxy and DNS serve under a control plane of upstream's", async () => {
    await using cleanup = new AsyncDisposableStack()
    const etcd = await startEtcd()
    cleanup.defer(() => etcd.dispose())
    const pki = join(cluster.dataDir, 'pki')
    const server = await startKubeApiserver({ etcd: etcd.endpoint, pki })
    cleanup.defer(() => server.stop())
    const place = { ...server, directory: cluster.directory, pki }
    for (const name of ['kube-controller-manager', 'kube-scheduler']) {
      const program = await startProgram(name, place)
      cleanup.defer(async () => void (await program.stop('SIGKILL')))
    }
    await ensureAddons(createClient(server.transport), serviceCidr)
    const file = cluster.writeFile('agent.json', JSON.stringify({ ...config, server: server.url }))
    const agent = new BackgroundProgram(process.execPath, [kubetsProgram, 'agent', '--config', file])
    cleanup.defer(async () => void (await agent.stop()))
    await proveNode(await writeKubeconfig(place, 'operator', 'system:masters'))
  })
})
