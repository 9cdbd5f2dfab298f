import type { Pod } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Cri } from '../cri/cri.ts'
import { containerNameLabel, podNameLabel, podNamespaceLabel, podUidLabel } from '../pod/runtime-state.ts'
import { criStats } from './cri-stats.ts'
import type { KubeletServerHost } from './host.ts'
import type { NetworkNamespace } from './network-namespace.ts'

export interface CriHostOptions {
  readonly cri: Cri
  /** The Pods of this node as the kubelet knows them. */
  readonly pods: () => readonly DeepReadonly<Pod>[]
  readonly clock: Clock
}

/** What the kubelet's server asks, answered by the container runtime. */
export function createCriHost({ cri, pods, clock }: CriHostOptions): KubeletServerHost {
  const { runtime } = cri
  return {
    pods,
    stats: criStats({ cri, clock }),
    runningPods: () => runningPods(cri),
    async containerLog(containerId) {
      const { status } = await runtime.containerStatus({ containerId })
      const isRunning = async () =>
        (await runtime.containerStatus({ containerId })).status?.state === 'CONTAINER_RUNNING'
      return { path: status?.logPath ?? '', isRunning }
    },
    async execUrl({ containerId, command, streams }) {
      return (await runtime.exec({ containerId, cmd: [...command], ...streams })).url
    },
    async attachUrl({ containerId, streams }) {
      return (await runtime.attach({ containerId, ...streams })).url
    },
    async runInContainer(containerId, command) {
      const { stdout, stderr, exitCode } = await runtime.execSync({ containerId, cmd: [...command] })
      const output = Buffer.concat([stdout, stderr])
      if (exitCode !== 0) throw new Error(`command ended with exit code ${exitCode}: ${output.toString('utf8')}`)
      return output
    },
    networkNamespace: (pod) => networkNamespaceOf(cri, pod),
  }
}

/** As the runtime has them, with as much of a Pod as its labels tell. */
async function runningPods({ runtime }: Cri): Promise<Pod[]> {
  const [{ items }, { containers }] = await Promise.all([
    runtime.listPodSandbox({ filter: { state: { state: 'SANDBOX_READY' } } }),
    runtime.listContainers({ filter: { state: { state: 'CONTAINER_RUNNING' } } }),
  ])
  return items.map(({ id, labels }) => ({
    metadata: {
      name: labels[podNameLabel] ?? '',
      namespace: labels[podNamespaceLabel] ?? '',
      uid: labels[podUidLabel] ?? '',
    },
    spec: {
      containers: containers
        .filter(({ podSandboxId }) => podSandboxId === id)
        .map(({ labels: own, image }) => ({ name: own[containerNameLabel] ?? '', image: image?.image ?? '' })),
    },
  }))
}

/** The sandbox's process names the namespace; containerd tells its pid when asked for details. */
async function networkNamespaceOf({ runtime }: Cri, pod: DeepReadonly<Pod>): Promise<NetworkNamespace> {
  if (pod.spec?.hostNetwork) return { kind: 'host' }
  const labelSelector = { [podUidLabel]: pod.metadata?.uid ?? '' }
  const { items } = await runtime.listPodSandbox({ filter: { labelSelector, state: { state: 'SANDBOX_READY' } } })
  const [sandbox] = items
  if (!sandbox) throw new Error(`pod ${pod.metadata?.name} has no running sandbox`)
  const { info } = await runtime.podSandboxStatus({ podSandboxId: sandbox.id, verbose: true })
  const { pid } = JSON.parse(info.info ?? '{}') as { pid?: number }
  if (!pid) throw new Error(`the runtime names no process of pod ${pod.metadata?.name}`)
  return { kind: 'path', path: `/proc/${pid}/ns/net` }
}
