import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pod } from '../../src/api/types/core/v1.ts'
import { pods } from '../../src/api/types/resources.ts'
import type { Client } from '../../src/client/client.ts'
import { createClient } from '../../src/client/typed-client.ts'
import { type Containerd, startContainerd } from '../../src/kubelet/containerd/containerd.ts'
import { importImage } from '../../src/kubelet/containerd/images.ts'
import { type Cri, connectCri } from '../../src/kubelet/cri/cri.ts'
import { type Kubelet, runKubelet } from '../../src/kubelet/kubelet.ts'
import { removeWithMounts } from '../../src/kubelet/volumes/mounts.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { createLogger, type LogLevel } from '../../src/platform/log.ts'
import { runProgram } from '../../src/platform/run-program.ts'
import { FakeApi } from './fake-api.ts'
import { busyboxImage, writeImage } from './images.ts'

/** A real node with a containerd of its own and one image, over an API that is only data. */
export interface TestNode {
  readonly api: FakeApi
  readonly client: Client
  readonly cri: Cri
  readonly containerd: Containerd
  readonly directory: string
  readonly manifests: string
  kubelet: Kubelet
  /** Ends the kubelet alone, as a kill would: nothing it runs is touched. */
  stopKubelet(): Promise<void>
  startKubelet(): Promise<void>
  /** Resolves with the Pod as soon as it is as wanted; fails after `timeoutMs`. Undefined: gone. */
  until(name: string, holds: (pod: Pod | undefined) => boolean, timeoutMs?: number): Promise<Pod | undefined>
  /** Resolves when the runtime holds so many sandboxes. */
  untilSandboxes(count: number, timeoutMs?: number): Promise<void>
  /** Removes all there is: Pods, processes, mounts, files. */
  close(): Promise<void>
}

export const testImage = 'docker.io/library/busybox:1'

export async function startTestNode(logLevel: LogLevel = 'error'): Promise<TestNode> {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-node-'))
  const identifier = directory.slice(-6).toLowerCase()
  const log = createLogger({ level: logLevel })
  const tablesBefore = await listTables()
  const cniConfDirectory = join(directory, 'cni')
  writeNetwork(cniConfDirectory, directory, identifier)
  const containerd = await startContainerd({
    rootDirectory: join(directory, 'containerd'),
    stateDirectory: join(directory, 'run'),
    cniConfDirectory,
    clock: systemClock,
    log,
  })
  const supervision = new AbortController()
  const supervised = containerd.supervise(supervision.signal)
  const archivePath = writeImage(busyboxImage(testImage), directory)
  await importImage({ socketPath: containerd.socketPath, archivePath })
  const api = new FakeApi()
  const client = createClient(api)
  const cri = connectCri(containerd.socketPath)
  const manifests = join(directory, 'manifests')
  let stop = new AbortController()

  const node: TestNode = {
    api,
    client,
    cri,
    containerd,
    directory,
    manifests,
    kubelet: undefined as unknown as Kubelet,
    async startKubelet() {
      stop = new AbortController()
      node.kubelet = runKubelet({
        client,
        nodeName: 'node-1',
        clock: systemClock,
        log,
        runtime: cri,
        rootDirectory: join(directory, 'kubelet'),
        podLogsDirectory: join(directory, 'logs'),
        podManifestPath: manifests,
        nodeAddresses: ['192.0.2.1'],
        clusterDns: ['10.96.0.10'],
        clusterDomain: 'cluster.local',
        cgroupParent: `/kubets-test-${identifier}`,
        signal: stop.signal,
      })
      await node.kubelet.ready
    },
    async stopKubelet() {
      stop.abort()
      await node.kubelet.done
    },
    until: (name, holds, timeoutMs = 20_000) => waitForPod(client, api, { name, holds, timeoutMs }),
    async untilSandboxes(count, timeoutMs = 20_000) {
      const deadlineMs = systemClock.monotonicMs() + timeoutMs
      while ((await cri.runtime.listPodSandbox({})).items.length !== count) {
        if (systemClock.monotonicMs() > deadlineMs) throw new Error('sandboxes are left')
        await systemClock.sleep(20)
      }
    },
    async close() {
      stop.abort()
      await node.kubelet?.done
      await removeSandboxes(cri)
      cri.close()
      supervision.abort()
      await supervised
      await containerd.stop()
      await runProgram('ip', ['link', 'delete', bridgeName(identifier)]).catch(() => undefined)
      await removeWithMounts(directory)
      await removeCgroups(identifier)
      await removeHostPortTables(tablesBefore)
    },
  }
  try {
    await node.startKubelet()
  } catch (error) {
    await node.close()
    throw error
  }
  return node
}

const bridgeName = (identifier: string) => `kt-${identifier}`

/** One bridge of its own; a random part keeps two runs apart. */
function writeNetwork(confDirectory: string, directory: string, identifier: string): void {
  mkdirSync(confDirectory, { recursive: true })
  const octet = 1 + (Number.parseInt(Buffer.from(identifier).toString('hex').slice(-4), 16) % 250)
  const network = {
    cniVersion: '0.4.0',
    name: `kubets-${identifier}`,
    plugins: [
      {
        type: 'bridge',
        bridge: bridgeName(identifier),
        isGateway: true,
        ipam: {
          type: 'host-local',
          dataDir: join(directory, 'ipam'),
          ranges: [[{ subnet: `10.211.${octet}.0/24` }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
  writeFileSync(join(confDirectory, '10-test.conflist'), JSON.stringify(network))
}

async function waitForPod(
  client: Client,
  api: FakeApi,
  wish: { name: string; holds: (pod: Pod | undefined) => boolean; timeoutMs: number },
): Promise<Pod | undefined> {
  const { name, holds, timeoutMs } = wish
  const path = `/api/v1/namespaces/default/pods/${name}`
  const signal = AbortSignal.timeout(timeoutMs)
  const stream = await client.of(pods).watch({ namespace: 'default', fieldSelector: `metadata.name=${name}`, signal })
  let last = api.at<Pod>(path)
  if (holds(last)) return last
  for await (const { type, object } of stream) {
    last = type === 'DELETED' ? undefined : (object as Pod)
    if (holds(last)) return last
  }
  throw new Error(`pod ${name} is not as wanted after ${timeoutMs} ms: ${JSON.stringify(last?.status, null, 1)}`)
}

async function removeSandboxes(cri: Cri): Promise<void> {
  const { items } = await cri.runtime.listPodSandbox({})
  await Promise.all(
    items.map(async ({ id }) => {
      await cri.runtime.stopPodSandbox({ podSandboxId: id })
      await cri.runtime.removePodSandbox({ podSandboxId: id })
    }),
  )
}

/** The tables of the `portmap` plugin, which goes through iptables and leaves its chains to the next Pod. */
const hostPortTables = ['ip nat', 'ip6 nat']

async function listTables(): Promise<readonly string[]> {
  return (await runProgram('nft', ['list', 'tables'])).split('\n').map((line) => line.replace(/^table /, ''))
}

/** What was there before the node stays: it is somebody else's. */
async function removeHostPortTables(before: readonly string[]): Promise<void> {
  const added = (await listTables()).filter((table) => hostPortTables.includes(table) && !before.includes(table))
  for (const table of added) await runProgram('nft', ['delete', 'table', ...table.split(' ')])
}

async function removeCgroups(identifier: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').matchAll(/ (\/sys\/fs\/cgroup\S*) .* - cgroup2? /g)
  for (const [, root] of mounts) {
    const path = join(root!, `kubets-test-${identifier}`)
    await runProgram('find', [path, '-depth', '-type', 'd', '-delete']).catch(() => undefined)
  }
}
