import type { PodSecurityContext, SeccompProfile, SecurityContext } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { CriRequest } from '../cri/messages.ts'
import { formatPod, type ReadonlyContainer, type ReadonlyPod } from '../pod/pod.ts'

type NamespaceOption = CriRequest<'NamespaceOption'>

/** What of the kernel's files is hidden from, or read-only for, unprivileged containers. After OCI runtimes' defaults. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

/** The namespaces of the Pod. After kubelet v1.36 kuberuntime/util NamespacesForPod. */
export function namespaceOptions(pod: ReadonlyPod): NamespaceOption {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec ?? {}
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    ipc: hostIPC ? 'NODE' : 'POD',
    pid: hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : 'CONTAINER',
  }
}

export function sandboxSecurity(pod: ReadonlyPod): CriRequest<'LinuxSandboxSecurityContext'> {
  const context: DeepReadonly<PodSecurityContext> = pod.spec?.securityContext ?? {}
  const { runAsUser, runAsGroup } = context
  return {
    namespaceOptions: namespaceOptions(pod),
    privileged: hasPrivilegedContainer(pod),
    // The sandbox runs nothing but the pause program: it never needs more than the runtime's default.
    seccomp: { profileType: 'RuntimeDefault' },
    ...(runAsUser !== undefined ? { runAsUser: { value: runAsUser } } : {}),
    ...(runAsUser !== undefined && runAsGroup !== undefined ? { runAsGroup: { value: runAsGroup } } : {}),
    supplementalGroups: supplementalGroups(context),
  }
}

function hasPrivilegedContainer({ spec }: ReadonlyPod): boolean {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  return all.some(({ securityContext }) => securityContext?.privileged)
}

function supplementalGroups({ fsGroup, supplementalGroups: groups = [] }: DeepReadonly<PodSecurityContext>): number[] {
  return [...(fsGroup === undefined ? [] : [fsGroup]), ...groups]
}

/** After kubelet v1.36 kuberuntime/security_context.go determineEffectiveSecurityContext. */
export function containerSecurity(options: {
  pod: ReadonlyPod
  container: ReadonlyContainer
  /** For ephemeral containers: the container whose processes are to be seen. */
  targetId?: string | undefined
}): CriRequest<'LinuxContainerSecurityContext'> {
  const { pod, container, targetId } = options
  const podContext: DeepReadonly<PodSecurityContext> = pod.spec?.securityContext ?? {}
  const own: DeepReadonly<SecurityContext> = container.securityContext ?? {}
  const runAsUser = own.runAsUser ?? podContext.runAsUser
  const runAsGroup = own.runAsGroup ?? podContext.runAsGroup
  const privileged = own.privileged ?? false
  const unmasked = privileged || own.procMount === 'Unmasked'
  return {
    privileged,
    capabilities: {
      addCapabilities: own.capabilities?.add ?? [],
      dropCapabilities: own.capabilities?.drop ?? [],
    },
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    namespaceOptions: targetId ? { ...namespaceOptions(pod), pid: 'TARGET', targetId } : namespaceOptions(pod),
    ...(runAsUser !== undefined ? { runAsUser: { value: runAsUser } } : {}),
    ...(runAsGroup !== undefined ? { runAsGroup: { value: runAsGroup } } : {}),
    supplementalGroups: supplementalGroups(podContext),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: seccomp(own.seccompProfile ?? podContext.seccompProfile, privileged),
  }
}

function seccomp(
  profile: DeepReadonly<SeccompProfile> | undefined,
  privileged: boolean,
): CriRequest<'SecurityProfile'> {
  if (!profile || privileged || profile.type === 'Unconfined') return { profileType: 'Unconfined' }
  if (profile.type === 'RuntimeDefault') return { profileType: 'RuntimeDefault' }
  return { profileType: 'Localhost', localhostRef: `/var/lib/kubelet/seccomp/${profile.localhostProfile ?? ''}` }
}

/**
 * Upstream's sentence when the container must not run as root but would; undefined when all is well. `image` is what
 * the image asks for. After kubelet v1.36 kuberuntime/security_context.go verifyRunAsNonRoot.
 */
export function runAsNonRootFault(
  pod: ReadonlyPod,
  container: ReadonlyContainer,
  image: { uid: number | undefined; username: string },
): string | undefined {
  const own: DeepReadonly<SecurityContext> = container.securityContext ?? {}
  const podContext: DeepReadonly<PodSecurityContext> = pod.spec?.securityContext ?? {}
  if (!(own.runAsNonRoot ?? podContext.runAsNonRoot)) return undefined
  const where = `(pod: "${formatPod(pod)}", container: ${container.name})`
  const runAsUser = own.runAsUser ?? podContext.runAsUser
  if (runAsUser !== undefined) {
    return runAsUser === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined
  }
  if (image.uid === 0 || (image.uid === undefined && image.username === '')) {
    return `container has runAsNonRoot and image will run as root ${where}`
  }
  if (image.uid === undefined) {
    return `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`
  }
  return undefined
}
