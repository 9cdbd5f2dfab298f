import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type {
  DeviceClaim,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimTemplate,
} from '../../types/resource/v1.ts'
import { checkImmutable, checkOneOf, checkRequiredName } from '../checks.ts'
import { checkTemplateMetadata } from '../template-metadata.ts'
import { goResourceClaimSpec, goResourceClaimTemplateSpec } from './go-shapes.ts'
import { checkList, checkSet } from './lists.ts'
import { checkFullyQualifiedName, checkLabelName } from './names.ts'
import { checkDeviceConfiguration } from './opaque-configuration.ts'
import { checkRequestReferences, type RequestNames, requestNames } from './request-names.ts'
import { checkSelectors } from './selectors.ts'
import { checkDeviceToleration } from './tolerations.ts'

/** ResourceClaims and their templates. After pkg/apis/resource/validation v1.36. */

const maxItems = 32
const maxSubRequests = 8

export function validateResourceClaim({ spec }: DeepReadonly<ResourceClaim>): FieldError[] {
  const errors: FieldError[] = []
  checkDeviceClaim(spec?.devices ?? {}, 'spec.devices', errors)
  return errors
}

/** A claim never changes, so nothing else is worth saying about it. */
export function validateResourceClaimUpdate(
  { spec }: DeepReadonly<ResourceClaim>,
  old: DeepReadonly<ResourceClaim>,
): FieldError[] {
  const errors: FieldError[] = []
  checkImmutable(isDeepStrictEqual(spec, old.spec), goResourceClaimSpec(spec), 'spec', errors)
  return errors
}

export function validateResourceClaimTemplate({ spec }: DeepReadonly<ResourceClaimTemplate>): FieldError[] {
  const errors: FieldError[] = []
  checkTemplateMetadata(spec?.metadata, 'spec.metadata', errors)
  checkDeviceClaim(spec?.spec?.devices ?? {}, 'spec.spec.devices', errors)
  return errors
}

export function validateResourceClaimTemplateUpdate(
  object: DeepReadonly<ResourceClaimTemplate>,
  old: DeepReadonly<ResourceClaimTemplate>,
): FieldError[] {
  const errors = validateResourceClaimTemplate(object)
  const isSame = isDeepStrictEqual(object.spec, old.spec)
  checkImmutable(isSame, goResourceClaimTemplateSpec(object.spec), 'spec', errors)
  return errors
}

function checkDeviceClaim(claim: DeepReadonly<DeviceClaim>, path: string, errors: FieldError[]): void {
  const names = requestNames(claim)
  const requests = { most: maxItems, check: checkRequest, key: (request: DeepReadonly<DeviceRequest>) => request.name }
  checkSet(claim.requests, requests, `${path}.requests`, errors)
  const constraints = {
    most: maxItems,
    check: (constraint: DeepReadonly<DeviceConstraint>, at: string) => checkConstraint(constraint, names, at, errors),
  }
  checkList(claim.constraints, constraints, `${path}.constraints`, errors)
  checkList(
    claim.config,
    {
      most: maxItems,
      check: (config, at) => {
        checkRequestReferences(config.requests, names, `${at}.requests`, errors)
        checkDeviceConfiguration(config, false, at, errors)
      },
    },
    `${path}.config`,
    errors,
  )
}

const oneOf = 'exactly one of `exactly` or `firstAvailable` is required'

function checkRequest(
  { name, exactly, firstAvailable }: DeepReadonly<DeviceRequest>,
  path: string,
  errors: FieldError[],
): void {
  checkLabelName(name, `${path}.name`, errors)
  const hasAlternatives = (firstAvailable?.length ?? 0) > 0
  if (exactly && hasAlternatives) errors.push(invalidField(path, null, `${oneOf}, but multiple fields are set`))
  else if (exactly) checkAmount(exactly, `${path}.exactly`, errors)
  else if (!hasAlternatives) errors.push(requiredField(path, oneOf))
  else {
    const rules = { most: maxSubRequests, check: checkSubRequest, key: (sub: { readonly name: string }) => sub.name }
    checkSet(firstAvailable, rules, `${path}.firstAvailable`, errors)
  }
}

function checkSubRequest(request: DeepReadonly<DeviceSubRequest>, path: string, errors: FieldError[]): void {
  checkLabelName(request.name, `${path}.name`, errors)
  checkAmount(request, path, errors)
}

/** What a request and each of its alternatives have in common. */
function checkAmount(
  request: DeepReadonly<Omit<ExactDeviceRequest, 'adminAccess'>>,
  path: string,
  errors: FieldError[],
): void {
  checkRequiredName(request.deviceClassName, `${path}.deviceClassName`, errors)
  checkSelectors(request.selectors, `${path}.selectors`, errors)
  checkAllocationMode(request, path, errors)
  request.tolerations?.forEach((toleration, index) => {
    checkDeviceToleration(toleration, `${path}.tolerations[${index}]`, errors)
  })
}

function checkAllocationMode(
  { allocationMode, count = 0 }: { readonly allocationMode?: string; readonly count?: number },
  path: string,
  errors: FieldError[],
): void {
  const refuse = (why: string) => errors.push(invalidField(`${path}.count`, count, why))
  if (allocationMode === 'All') {
    if (count !== 0) refuse("must not be specified when allocationMode is 'All'")
  } else if (allocationMode === 'ExactCount') {
    if (count <= 0) refuse('must be greater than zero')
  } else checkOneOf(allocationMode, ['All', 'ExactCount'], `${path}.allocationMode`, errors)
}

function checkConstraint(
  { requests, matchAttribute, distinctAttribute }: DeepReadonly<DeviceConstraint>,
  names: RequestNames,
  path: string,
  errors: FieldError[],
): void {
  checkRequestReferences(requests, names, `${path}.requests`, errors)
  if (matchAttribute !== undefined) checkFullyQualifiedName(matchAttribute, `${path}.matchAttribute`, errors)
  else if (distinctAttribute !== undefined) {
    checkFullyQualifiedName(distinctAttribute, `${path}.distinctAttribute`, errors)
  } else {
    const why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    errors.push(requiredField(path, why))
  }
}
