import { join } from 'node:path'
import type { CriRequest } from '../cri/messages.ts'
import { isHostNetwork, nameOf, namespaceOf, type ReadonlyPod, uidOf } from '../pod/pod.ts'
import { podNameLabel, podNamespaceLabel, podUidLabel } from '../pod/runtime-state.ts'
import type { DnsConfig } from './dns.ts'
import { sandboxSecurity } from './security.ts'

export interface SandboxView {
  readonly pod: ReadonlyPod
  readonly attempt: number
  readonly hostname: string
  readonly dns: DnsConfig
  readonly cgroupParent: string
  readonly podLogsDirectory: string
}

/** After kubelet v1.36 kuberuntime_sandbox.go generatePodSandboxConfig. */
export function sandboxConfig(view: SandboxView): CriRequest<'PodSandboxConfig'> {
  const { pod, attempt, dns } = view
  const name = nameOf(pod)
  const namespace = namespaceOf(pod)
  const uid = uidOf(pod)
  const sysctls = pod.spec?.securityContext?.sysctls ?? []
  return {
    metadata: { name, namespace, uid, attempt },
    // In the node's network the hostname is the node's, which the runtime fills in.
    hostname: isHostNetwork(pod) ? '' : view.hostname,
    logDirectory: podLogDirectory(view.podLogsDirectory, pod),
    dnsConfig: dns,
    portMappings: portMappings(pod),
    labels: {
      ...pod.metadata?.labels,
      [podNameLabel]: name,
      [podNamespaceLabel]: namespace,
      [podUidLabel]: uid,
    },
    annotations: { ...pod.metadata?.annotations },
    linux: {
      cgroupParent: view.cgroupParent,
      securityContext: sandboxSecurity(pod),
      sysctls: Object.fromEntries(sysctls.map((sysctl) => [sysctl.name, sysctl.value])),
    },
  }
}

/** `<namespace>_<name>_<uid>`: where the logs of a Pod lie, and what tools that ship logs read from it. */
export function podLogDirectory(podLogsDirectory: string, pod: ReadonlyPod): string {
  return join(podLogsDirectory, `${namespaceOf(pod)}_${nameOf(pod)}_${uidOf(pod)}`)
}

/** The CNI plugin portmap opens host ports; in the node's network the ports are open as they are. */
function portMappings(pod: ReadonlyPod): CriRequest<'PortMapping'>[] {
  if (isHostNetwork(pod)) return []
  const { containers = [], initContainers = [] } = pod.spec ?? {}
  return [...initContainers, ...containers].flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort)
      .map(({ containerPort, hostPort, hostIP = '', protocol = 'TCP' }) => ({
        containerPort,
        hostPort,
        hostIp: hostIP,
        protocol: protocol as 'TCP' | 'UDP' | 'SCTP',
      })),
  )
}
