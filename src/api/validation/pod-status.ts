import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, forbiddenField, invalidField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import type { Pod, PodExtendedResourceClaimStatus, PodSpec, PodStatus } from '../types/core/v1.ts'
import { checkLabelForm, checkQualifiedName, checkRequiredName, checkSubdomain } from './checks.ts'
import { checkContainerStatuses } from './container-status.ts'
import { checkLegacyIp, isDualStack, parseAddress } from './ip.ts'
import { checkAnnotationUpdates } from './pod-annotations.ts'

/** What a kubelet may report of a Pod. After pkg/apis/core/validation ValidatePodStatusUpdate. */

type ReadonlyPod = DeepReadonly<Pod>
type ReadonlyStatus = DeepReadonly<PodStatus>

export function validatePodStatusUpdate(pod: ReadonlyPod, old: ReadonlyPod): FieldError[] {
  const errors: FieldError[] = []
  const { spec = { containers: [] }, status = {} } = pod
  const before = old.status ?? {}
  checkAnnotationUpdates(pod, old, errors)
  checkConditions(status, errors)
  checkNominatedNode(status.nominatedNodeName ?? '', old, errors)
  checkObservedGeneration(status.observedGeneration, 'status.observedGeneration', errors)
  if ((status.qosClass ?? '') !== (before.qosClass ?? '')) {
    errors.push(invalidField('status.qosClass', status.qosClass ?? '', 'field is immutable'))
  }
  checkContainerStatuses({ spec, oldSpec: old.spec ?? { containers: [] }, status, before }, errors, () => {
    checkClaimStatuses(status, spec, errors)
    checkExtendedClaim(status.extendedResourceClaimStatus, spec, errors)
    checkAddresses('podIPs', status.podIPs, before.podIPs, errors)
    if (status.hostIPs?.length) checkHostAddresses(status, before, errors)
  })
  return errors
}

const systemConditions: readonly string[] = ['PodScheduled', 'Ready', 'Initialized']

function checkConditions({ conditions }: ReadonlyStatus, errors: FieldError[]): void {
  conditions?.forEach(({ type = '', observedGeneration }: { type?: string; observedGeneration?: number }, index) => {
    const at = `status.conditions[${index}]`
    checkObservedGeneration(observedGeneration, `${at}.observedGeneration`, errors)
    // The capital letter is upstream's.
    if (!systemConditions.includes(type)) checkQualifiedName(type, `${at}.Type`, errors)
  })
}

function checkObservedGeneration(generation = 0, path: string, errors: FieldError[]): void {
  if (generation < 0) errors.push(invalidField(path, generation, 'must be a non-negative integer'))
}

function checkNominatedNode(name: string, old: ReadonlyPod, errors: FieldError[]): void {
  if (name === '' || name === (old.status?.nominatedNodeName ?? '')) return
  const at = 'status.nominatedNodeName'
  checkSubdomain(name, at, errors)
  if (old.spec?.nodeName) errors.push(forbiddenField(at, 'may not be set on pods that are already bound to a node'))
}

function checkClaimStatuses(
  { resourceClaimStatuses }: ReadonlyStatus,
  { resourceClaims }: DeepReadonly<PodSpec>,
  errors: FieldError[],
): void {
  const seen = new Set<string>()
  resourceClaimStatuses?.forEach(
    ({ name = '', resourceClaimName }: { name?: string; resourceClaimName?: string }, index) => {
      const at = `status.resourceClaimStatuses[${index}]`
      if (!resourceClaims?.some((claim) => claim.name === name)) {
        errors.push(invalidField(`${at}.name`, name, 'must match the name of an entry in `spec.resourceClaims`'))
      }
      if (seen.has(name)) errors.push(duplicateField(`${at}.name`, name))
      seen.add(name)
      if (resourceClaimName !== undefined) checkSubdomain(resourceClaimName, `${at}.resourceClaimName`, errors)
    },
  )
}

function checkExtendedClaim(
  claim: DeepReadonly<PodExtendedResourceClaimStatus> | undefined,
  spec: DeepReadonly<PodSpec>,
  errors: FieldError[],
): void {
  if (!claim) return
  const path = 'status.extendedResourceClaimStatus'
  const mappings = claim.requestMappings ?? []
  if (mappings.length === 0) {
    errors.push(requiredField(`${path}.requestMappings`, 'at least one request mapping is required'))
  }
  const seen = new Set<string>()
  mappings.forEach((mapping: Partial<(typeof mappings)[number]>, index) => {
    const { containerName = '', resourceName = '', requestName = '' } = mapping
    const at = `${path}.requestMappings[${index}]`
    checkMappedContainer({ containerName, resourceName }, spec, at, errors)
    checkLabelForm(requestName, `${path}.requestName`, errors)
    const key = JSON.stringify([containerName, resourceName, requestName])
    if (seen.has(key)) {
      for (const [field, value] of Object.entries({ containerName, resourceName, requestName })) {
        errors.push(duplicateField(`${at}.${field}`, value))
      }
    }
    seen.add(key)
  })
  checkRequiredName(claim.resourceClaimName, `${path}.resourceClaimName`, errors)
}

function checkMappedContainer(
  { containerName, resourceName }: { readonly containerName: string; readonly resourceName: string },
  spec: DeepReadonly<PodSpec>,
  path: string,
  errors: FieldError[],
): void {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
  const container = containers.findLast(({ name }) => name === containerName)
  if (!container) {
    const why = 'must match the name of an entry in spec.initContainers.name or spec.containers.name'
    errors.push(invalidField(`${path}.containerName`, containerName, why))
  } else if (getOwn(container.resources?.requests ?? {}, resourceName) === undefined) {
    const lists = 'spec.initContainers.resources.requests or spec.containers.resources.requests'
    const why = `must match the extended resource name of an entry in ${lists}`
    errors.push(invalidField(`${path}.resourceName`, resourceName, why))
  }
}

function checkHostAddresses(status: ReadonlyStatus, before: ReadonlyStatus, errors: FieldError[]): void {
  const first = status.hostIPs?.[0]?.ip ?? ''
  if ((status.hostIP ?? '') !== first) {
    errors.push(invalidField('status.hostIPs[0].ip', first, 'must be equal to `hostIP`'))
  }
  checkAddresses('hostIPs', status.hostIPs, before.hostIPs, errors)
}

type Addresses = readonly { readonly ip?: string }[] | undefined

/** At most one address of a family. */
function checkAddresses(field: 'podIPs' | 'hostIPs', now: Addresses, before: Addresses, errors: FieldError[]): void {
  const path = `status.${field}`
  const addresses = (now ?? []).map(({ ip = '' }) => ip)
  const known = (before ?? []).map(({ ip = '' }) => ip)
  addresses.forEach((address, index) => {
    checkLegacyIp(address, `${path}[${index}]`, errors, known)
  })
  if (addresses.length < 2) return
  const parsed = addresses.map(parseAddress)
  const bad = parsed.indexOf(undefined)
  if (bad >= 0) {
    const why = `failed to check for dual stack with error:invalid IP[${bad}]: ${addresses[bad]}`
    errors.push({ type: 'InternalError', field: path, detail: `Internal error: ${why}` })
  }
  if (bad >= 0 || !isDualStack(parsed.filter((address) => address !== undefined)) || addresses.length > 2) {
    const shown = addresses.map((ip) => ({ IP: ip }))
    errors.push(invalidField(path, shown, 'may specify no more than one IP for each IP family'))
  }
}
