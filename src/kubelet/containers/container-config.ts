import { createHash } from 'node:crypto'
import type { VolumeMount } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { CriRequest } from '../cri/messages.ts'
import { nameOf, namespaceOf, type ReadonlyContainer, type ReadonlyPod, uidOf } from '../pod/pod.ts'
import {
  containerHashAnnotation,
  containerNameLabel,
  containerPortsAnnotation,
  podGracePeriodAnnotation,
  podNameLabel,
  podNamespaceLabel,
  podUidLabel,
  preStopHandlerAnnotation,
  restartCountAnnotation,
  terminationMessagePathAnnotation,
  terminationMessagePolicyAnnotation,
} from '../pod/runtime-state.ts'
import { expand } from './expansion.ts'
import { containerResources } from './resources.ts'
import { containerSecurity } from './security.ts'

export interface ContainerView {
  readonly pod: ReadonlyPod
  readonly container: ReadonlyContainer
  readonly restartCount: number
  /** The image's ID, so that the container runs just what was checked. */
  readonly imageRef: string
  readonly environment: ReadonlyMap<string, string>
  readonly mounts: readonly CriRequest<'Mount'>[]
  readonly nodeMemoryBytes: number
  readonly targetId?: string | undefined
}

/** After kubelet v1.36 kuberuntime_container.go generateContainerConfig. */
export function containerConfig(view: ContainerView): CriRequest<'ContainerConfig'> {
  const { pod, container, restartCount, environment } = view
  const expandAll = (texts: readonly string[] = []) =>
    texts.map((text) => expand(text, (name) => environment.get(name)))
  return {
    metadata: { name: container.name, attempt: restartCount },
    image: { image: view.imageRef, userSpecifiedImage: container.image ?? '' },
    command: expandAll(container.command),
    args: expandAll(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...environment].map(([key, value]) => ({ key, value })),
    mounts: view.mounts,
    labels: {
      [podNameLabel]: nameOf(pod),
      [podNamespaceLabel]: namespaceOf(pod),
      [podUidLabel]: uidOf(pod),
      [containerNameLabel]: container.name,
    },
    annotations: annotationsOf(view),
    logPath: `${container.name}/${restartCount}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: containerResources(view),
      securityContext: containerSecurity(view),
    },
  }
}

/** What must be known of the container when its Pod is gone from the API, or this process was killed. */
function annotationsOf({ pod, container, restartCount }: ContainerView): Record<string, string> {
  const { terminationGracePeriodSeconds } = pod.spec ?? {}
  const { preStop } = container.lifecycle ?? {}
  return {
    [containerHashAnnotation]: containerHash(container),
    [restartCountAnnotation]: String(restartCount),
    [terminationMessagePathAnnotation]: container.terminationMessagePath ?? '',
    [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? '',
    ...(terminationGracePeriodSeconds === undefined
      ? {}
      : { [podGracePeriodAnnotation]: String(terminationGracePeriodSeconds) }),
    ...(preStop ? { [preStopHandlerAnnotation]: JSON.stringify(preStop) } : {}),
    ...(container.ports ? { [containerPortsAnnotation]: JSON.stringify(container.ports) } : {}),
  }
}

/** Changes when the container must be replaced: upstream too looks at the name and the image alone. */
export function containerHash({ name, image = '' }: ReadonlyContainer): string {
  return createHash('sha256').update(JSON.stringify({ name, image })).digest('hex').slice(0, 8)
}

const propagations = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const

export function criMount(mount: DeepReadonly<VolumeMount>, hostPath: string, readOnly: boolean): CriRequest<'Mount'> {
  const propagation = propagations[(mount.mountPropagation ?? 'None') as keyof typeof propagations]
  // A relative mount path counts from the root, as upstream has it.
  const containerPath = mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`
  return { containerPath, hostPath, readonly: readOnly, propagation, selinuxRelabel: false }
}
