import type { FieldError } from '../../machinery/errors.ts'
import {
  duplicateField,
  forbiddenField,
  invalidField,
  notSupportedField,
  requiredField,
  tooLongField,
} from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import type { Container, ContainerStatus, PodSpec, PodStatus, ResourceStatus } from '../types/core/v1.ts'
import { idErrors } from './formats.ts'

/** What is reported of each container. After pkg/apis/core/validation, where ValidatePodStatusUpdate looks at containers. */

type Status = DeepReadonly<ContainerStatus>
type AnyContainer = DeepReadonly<Container>
type Spec = DeepReadonly<PodSpec>

const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const

export interface ReportedPod {
  readonly spec: Spec
  readonly oldSpec: Spec
  readonly status: DeepReadonly<PodStatus>
  readonly before: DeepReadonly<PodStatus>
}

/** `between`: what upstream checks after the containers' states and before the rest of their statuses. */
export function checkContainerStatuses(pod: ReportedPod, errors: FieldError[], between: () => void): void {
  for (const list of lists) checkTransitions(pod, list, errors)
  between()
  for (const list of lists) checkUsers(pod.status[list], pod.spec.os?.name ?? 'linux', `status.${list}`, errors)
  checkAllocated(pod.status.containerStatuses, pod.spec.containers, 'status.containerStatuses', errors)
  checkAllocated(pod.status.initContainerStatuses, pod.spec.initContainers, 'status.initContainerStatuses', errors)
  pod.status.ephemeralContainerStatuses?.forEach(({ allocatedResourcesStatus }, index) => {
    if (!allocatedResourcesStatus?.length) return
    const at = `status.ephemeralContainerStatuses[${index}].allocatedResourcesStatus`
    errors.push(forbiddenField(at, 'must not be specified in container status'))
  })
}

/** A container that has ended may only live again where its restart policy says so. */
function checkTransitions(
  { oldSpec, status, before }: ReportedPod,
  list: (typeof lists)[number],
  errors: FieldError[],
): void {
  const containers = list === 'initContainerStatuses' ? oldSpec.initContainers : oldSpec.containers
  if (list !== 'ephemeralContainerStatuses' && restartsAll(oldSpec)) return
  before[list]?.forEach((old, index) => {
    const ended = old.state?.terminated
    if (!ended) return
    const now = status[list]?.find(({ name }) => name === old.name)
    if (!now || now.state?.terminated) return
    const container = containers?.find(({ name }) => name === old.name)
    const mayRestart =
      list !== 'ephemeralContainerStatuses' && container && shouldRestart(container, oldSpec, ended.exitCode ?? 0)
    if (mayRestart) return
    errors.push(forbiddenField(`status.${list}[${index}].state`, 'may not be transitioned to non-terminated state'))
  })
}

function restartsAll({ containers, initContainers }: Spec): boolean {
  return [...(initContainers ?? []), ...(containers ?? [])].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  )
}

/** After pkg/api/v1/pod ContainerShouldRestart. */
function shouldRestart(container: AnyContainer, spec: Spec, exitCode: number): boolean {
  if (container.restartPolicy !== undefined) {
    const rule = container.restartPolicyRules?.find(({ exitCodes }) => {
      const isListed = exitCodes?.values?.includes(exitCode) ?? false
      return exitCodes && (exitCodes.operator === 'In' ? isListed : exitCodes.operator === 'NotIn' && !isListed)
    })
    if (rule?.action === 'Restart') return true
  }
  const policy = container.restartPolicy ?? spec.restartPolicy
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0)
}

function checkUsers(statuses: readonly Status[] | undefined, os: string, path: string, errors: FieldError[]): void {
  statuses?.forEach(({ user }, index) => {
    if (!user?.linux) return
    const at = `${path}[${index}].user.linux`
    if (os === 'windows') errors.push(forbiddenField(at, 'cannot be set for a windows pod'))
    if (os !== 'linux') return
    const { uid = 0, gid = 0, supplementalGroups = [] }: Partial<typeof user.linux> = user.linux
    const ids: [string, number][] = [
      ['uid', uid],
      ['gid', gid],
      ...supplementalGroups.map((id, group): [string, number] => [`supplementalGroups[${group}]`, id]),
    ]
    for (const [field, id] of ids) {
      for (const why of idErrors(id)) errors.push(invalidField(`${at}.${field}`, id, why))
    }
  })
}

function checkAllocated(
  statuses: readonly Status[] | undefined,
  containers: readonly AnyContainer[] | undefined,
  path: string,
  errors: FieldError[],
): void {
  statuses?.forEach(({ name, allocatedResourcesStatus }, index) => {
    const container = containers?.find((each) => each.name === name)
    allocatedResourcesStatus?.forEach((allocated, position) => {
      const at = `${path}[${index}].allocatedResourcesStatus[${position}]`
      if (container) checkAllocatedName(allocated.name ?? '', container, `${at}.name`, errors)
      checkHealth(allocated, at, errors)
    })
  })
}

function checkAllocatedName(name: string, { resources }: AnyContainer, path: string, errors: FieldError[]): void {
  if (!name.startsWith('claim:')) {
    if (getOwn(resources?.requests ?? {}, name) !== undefined) return
    errors.push(invalidField(path, name, "must match one of the container's resource requests"))
    return
  }
  const claims = (resources?.claims ?? []).map(
    (claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`,
  )
  if (claims.includes(name)) return
  const form = "'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
  errors.push(invalidField(path, name, `must match one of the container's resource claims in a format ${form}`))
}

const healths = ['Healthy', 'Unhealthy', 'Unknown']
const maxMessageBytes = 1_024

function checkHealth({ resources }: DeepReadonly<ResourceStatus>, path: string, errors: FieldError[]): void {
  const seen = new Set<string>()
  resources?.forEach((resource, index) => {
    const at = `${path}.resources[${index}]`
    const { health = '', message, resourceID = '' }: Partial<typeof resource> = resource
    if (!healths.includes(health)) errors.push(notSupportedField(`${at}.health`, health, healths))
    if (message === '') errors.push(requiredField(`${at}.message`, 'must be non-empty if specified'))
    if (message && Buffer.byteLength(message) > maxMessageBytes) {
      errors.push(tooLongField(`${at}.message`, maxMessageBytes))
    }
    if (seen.has(resourceID)) errors.push(duplicateField(`${at}.resourceID`, resourceID))
    seen.add(resourceID)
  })
}
