import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { forbiddenField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Lease } from '../types/coordination/v1.ts'
import type { PersistentVolumeClaim } from '../types/core/v1.ts'
import type { EndpointSlice } from '../types/discovery/v1.ts'
import type { RuntimeClass } from '../types/node/v1.ts'
import type { PodDisruptionBudget } from '../types/policy/v1.ts'
import type { PriorityClass } from '../types/scheduling/v1.ts'
import type { StorageClass } from '../types/storage/v1.ts'
import { checkTolerations } from './affinity.ts'
import { checkForm, checkImmutable, checkLabels, checkOneOf, checkPortNumber, checkRequiredOneOf } from './checks.ts'
import { labelFormErrors, subdomainNameErrors } from './formats.ts'
import { checkLegacyIp } from './ip.ts'
import { checkLabelSelector } from './label-selector.ts'
import { checkResources } from './resources.ts'
import { checkVolumeClaimSpec } from './volume-claim.ts'
import { checkAtMostWhole, checkIntOrPercent } from './workloads.ts'

/** Kinds with a handful of rules each; every function names the one it follows upstream. */

/** After pkg/apis/policy/validation ValidatePodDisruptionBudgetSpec. */
export function validatePodDisruptionBudget({ spec = {} }: DeepReadonly<PodDisruptionBudget>): FieldError[] {
  const errors: FieldError[] = []
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    const shown = {
      MinAvailable: spec.minAvailable,
      Selector: spec.selector ?? null,
      MaxUnavailable: spec.maxUnavailable,
      UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
    }
    errors.push(invalidField('spec', shown, 'minAvailable and maxUnavailable cannot be both set'))
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    checkIntOrPercent(spec[field], `spec.${field}`, errors)
    checkAtMostWhole(spec[field], `spec.${field}`, errors)
  }
  checkLabelSelector(spec.selector, 'spec.selector', errors)
  const policy = spec.unhealthyPodEvictionPolicy
  if (policy !== undefined) {
    checkOneOf(policy, ['AlwaysAllow', 'IfHealthyBudget'], 'spec.unhealthyPodEvictionPolicy', errors)
  }
  return errors
}

/** After pkg/apis/coordination/validation ValidateLeaseSpec. */
export function validateLease({ spec }: DeepReadonly<Lease>): FieldError[] {
  const errors: FieldError[] = []
  const duration = spec?.leaseDurationSeconds
  if (duration !== undefined && duration <= 0) {
    errors.push(invalidField('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  }
  const transitions = spec?.leaseTransitions
  if (transitions !== undefined && transitions < 0) {
    errors.push(invalidField('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'))
  }
  return errors
}

export function validatePersistentVolumeClaim({ spec }: DeepReadonly<PersistentVolumeClaim>): FieldError[] {
  const errors: FieldError[] = []
  if (spec) checkVolumeClaimSpec(spec, 'spec', errors)
  return errors
}

const highestUserPriority = 1_000_000_000
const systemPriorities: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

/** After pkg/apis/scheduling/validation ValidatePriorityClass. */
export function validatePriorityClass({
  metadata,
  value = 0,
  preemptionPolicy,
}: DeepReadonly<PriorityClass>): FieldError[] {
  const errors: FieldError[] = []
  const name = metadata?.name ?? ''
  if (name.startsWith('system-')) {
    if (systemPriorities[name] !== value) {
      const why =
        "priority class names with 'system-' prefix are reserved for system use only. error: " +
        (name in systemPriorities
          ? `value of ${name} PriorityClass must be ${systemPriorities[name]}`
          : `${name} is not a known system priority class`)
      errors.push(forbiddenField('metadata.name', why))
    }
  } else if (value > highestUserPriority) {
    errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`))
  }
  if (preemptionPolicy !== undefined) {
    checkRequiredOneOf(preemptionPolicy, ['PreemptLowerPriority', 'Never'], 'preemptionPolicy', errors)
  }
  return errors
}

export function validatePriorityClassUpdate(
  object: DeepReadonly<PriorityClass>,
  old: DeepReadonly<PriorityClass>,
): FieldError[] {
  const errors: FieldError[] = []
  if (object.value !== old.value) {
    errors.push(forbiddenField('value', 'may not be changed in an update.'))
  }
  const { preemptionPolicy } = object
  checkImmutable(preemptionPolicy === old.preemptionPolicy, preemptionPolicy ?? null, 'preemptionPolicy', errors)
  return errors
}

/** After pkg/apis/node/validation ValidateRuntimeClass. */
export function validateRuntimeClass(object: Partial<DeepReadonly<RuntimeClass>>): FieldError[] {
  const errors: FieldError[] = []
  checkForm(labelFormErrors, object.handler ?? '', 'handler', errors)
  checkClassRest(object, errors)
  return errors
}

function checkClassRest({ overhead, scheduling }: Partial<DeepReadonly<RuntimeClass>>, errors: FieldError[]): void {
  if (overhead?.podFixed) checkResources({ limits: overhead.podFixed }, { podClaims: [] }, 'overhead', errors)
  checkLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector', errors)
  checkTolerations(scheduling?.tolerations, 'scheduling.tolerations', errors)
}

export function validateRuntimeClassUpdate(
  object: DeepReadonly<RuntimeClass>,
  old: DeepReadonly<RuntimeClass>,
): FieldError[] {
  const errors: FieldError[] = []
  if (!object.handler) errors.push(requiredField('handler'))
  checkImmutable(object.handler === old.handler, object.handler ?? '', 'handler', errors)
  checkClassRest(object, errors)
  return errors
}

/** After pkg/apis/storage/validation ValidateStorageClass. */
export function validateStorageClass(object: Partial<DeepReadonly<StorageClass>>): FieldError[] {
  const errors: FieldError[] = []
  const { provisioner = '', reclaimPolicy, volumeBindingMode } = object
  if (provisioner === '') errors.push(requiredField('provisioner', provisioner))
  if (provisioner !== '') checkQualifiedProvisioner(provisioner, errors)
  if (reclaimPolicy !== undefined && reclaimPolicy !== 'Delete' && reclaimPolicy !== 'Retain') {
    errors.push(notSupportedField('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']))
  }
  if (volumeBindingMode === undefined) errors.push(requiredField('volumeBindingMode'))
  else checkOneOf(volumeBindingMode, ['Immediate', 'WaitForFirstConsumer'], 'volumeBindingMode', errors)
  return errors
}

function checkQualifiedProvisioner(provisioner: string, errors: FieldError[]): void {
  checkForm(subdomainNameErrors, provisioner.split('/')[0]!.toLowerCase(), 'provisioner', errors)
}

export function validateStorageClassUpdate(
  object: DeepReadonly<StorageClass>,
  old: DeepReadonly<StorageClass>,
): FieldError[] {
  const errors = validateStorageClass(object)
  const isSame = isDeepStrictEqual(object.parameters, old.parameters)
  checkImmutable(isSame, object.parameters ?? null, 'parameters', errors)
  checkImmutable(object.provisioner === old.provisioner, object.provisioner, 'provisioner', errors)
  checkImmutable(object.reclaimPolicy === old.reclaimPolicy, object.reclaimPolicy ?? null, 'reclaimPolicy', errors)
  checkImmutable(
    object.volumeBindingMode === old.volumeBindingMode,
    object.volumeBindingMode ?? null,
    'volumeBindingMode',
    errors,
  )
  return errors
}

const maxEndpoints = 1_000

/** After pkg/apis/discovery/validation ValidateEndpointSlice. */
export function validateEndpointSlice(slice: Partial<DeepReadonly<EndpointSlice>>): FieldError[] {
  const errors: FieldError[] = []
  const { addressType = '', endpoints = [], ports } = slice
  checkRequiredOneOf(addressType, ['FQDN', 'IPv4', 'IPv6'], 'addressType', errors)
  if ((endpoints ?? []).length > maxEndpoints) {
    const detail = `Too many: ${endpoints.length}: must have at most ${maxEndpoints} items`
    errors.push({ type: 'FieldValueTooMany', field: 'endpoints', detail })
  }
  ;(endpoints ?? []).forEach(({ addresses }, index) => {
    const path = `endpoints[${index}].addresses`
    if (!addresses?.length) errors.push(requiredField(path, 'must contain at least 1 address'))
    addresses?.forEach((address, addressIndex) => {
      if (addressType === 'FQDN') checkForm(subdomainNameErrors, address, `${path}[${addressIndex}]`, errors)
      else checkLegacyIp(address, `${path}[${addressIndex}]`, errors)
    })
  })
  ports?.forEach(({ port, protocol }, index) => {
    checkRequiredOneOf(protocol, ['SCTP', 'TCP', 'UDP'], `ports[${index}].protocol`, errors)
    if (port !== undefined) checkPortNumber(port, `ports[${index}].port`, errors)
  })
  return errors
}

export function validateEndpointSliceUpdate(
  object: DeepReadonly<EndpointSlice>,
  old: DeepReadonly<EndpointSlice>,
): FieldError[] {
  const errors = validateEndpointSlice(object)
  checkImmutable(object.addressType === old.addressType, object.addressType, 'addressType', errors)
  return errors
}
