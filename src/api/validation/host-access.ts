import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Container, EphemeralContainer, PodSpec } from '../types/core/v1.ts'

/** Who may be part of the host, and who may not. After validateWindowsHostProcessPod and validateHostUsers v1.36. */

type Spec = DeepReadonly<PodSpec>
type AnyContainer = DeepReadonly<Container> | DeepReadonly<EphemeralContainer>

const lists = ['initContainers', 'containers', 'ephemeralContainers'] as const

function containersOf(spec: Spec, path: string): { container: AnyContainer; path: string }[] {
  return lists.flatMap((list) =>
    (spec[list] ?? []).map((container: AnyContainer, index) => ({ container, path: `${path}.${list}[${index}]` })),
  )
}

export function checkHostProcess(spec: Spec, path: string, errors: FieldError[]): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess
  const containers = containersOf(spec, path)
  for (const { container, path: at } of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess
    if (ofPod === undefined || own === undefined || own === ofPod) continue
    const why = `pod hostProcess value must be identical if both are specified, was ${ofPod}`
    errors.push(invalidField(`${at}.securityContext.windowsOptions.hostProcess`, own, why))
  }
  const isOne = ({ container }: { container: AnyContainer }) =>
    container.securityContext?.windowsOptions?.hostProcess ?? ofPod ?? false
  const count = containers.filter(isOne).length
  if (count === 0) return
  if (count !== containers.length) {
    const why = 'If pod contains any hostProcess containers then all containers must be HostProcess containers'
    errors.push(invalidField(path, '', why))
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers'
    errors.push(invalidField(`${path}.hostNetwork`, false, why))
  }
}

/** Users of its own, and the host's namespaces, do not go together. The capital letters are upstream's. */
export function checkHostUsers(spec: Spec, path: string, errors: FieldError[]): void {
  if (spec.hostUsers !== false) return
  const why = 'when `hostUsers` is false'
  if (spec.hostNetwork) errors.push(forbiddenField(`${path}.hostNetwork`, why))
  if (spec.hostPID) errors.push(forbiddenField(`${path}.HostPID`, why))
  if (spec.hostIPC) errors.push(forbiddenField(`${path}.HostIPC`, why))
  for (const { container, path: at } of containersOf(spec, path)) {
    if (container.volumeDevices?.length) errors.push(forbiddenField(`${at}.volumeDevices`, why))
  }
}
