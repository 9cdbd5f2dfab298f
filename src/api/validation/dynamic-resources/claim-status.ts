import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../../machinery/errors.ts'
import {
  forbiddenField,
  invalidField,
  requiredField,
  tooLongField,
  tooManyField,
} from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimStatus,
} from '../../types/resource/v1.ts'
import { checkNodeSelector } from '../affinity.ts'
import { checkImmutable, checkRequiredOneOf } from '../checks.ts'
import { checkConditions } from '../conditions.ts'
import { parseCidr } from '../ip.ts'
import { checkDriverName } from '../volumes.ts'
import { checkBindingConditions } from './binding-conditions.ts'
import { type DeviceKey, deviceKey, goDeviceKey } from './device-key.ts'
import { goAllocationResult } from './go-shapes.ts'
import { checkList, checkSet } from './lists.ts'
import { checkLabelName, checkPoolName, checkUid } from './names.ts'
import { checkDeviceConfiguration, checkRawObject } from './opaque-configuration.ts'
import { checkRequestReference, checkRequestReferences, type RequestNames, requestNames } from './request-names.ts'

const maxConsumers = 256
const maxResults = 32
/** Those of the class and those of the claim. */
const maxConfigurations = 64
const maxConditions = 8
const maxDataBytes = 10 * 1024
const maxInterfaceNameBytes = 256
const maxHardwareAddressBytes = 128
const maxAddresses = 16

/** What drivers and the scheduler write. After ValidateResourceClaimStatusUpdate v1.36. */
export function validateResourceClaimStatus(
  { metadata, spec, status = {} }: DeepReadonly<ResourceClaim>,
  old: DeepReadonly<ResourceClaim>,
): FieldError[] {
  const errors: FieldError[] = []
  const consumers = { most: maxConsumers, check: checkConsumer, key: ({ uid = '' }: { readonly uid?: string }) => uid }
  checkSet(status.reservedFor, consumers, 'status.reservedFor', errors)
  checkDevices(status, errors)
  checkReservation(status, old.status ?? {}, metadata?.deletionTimestamp !== undefined, errors)
  const { allocation } = status
  const before = old.status?.allocation
  const path = 'status.allocation'
  if (allocation && before) {
    checkImmutable(isDeepStrictEqual(allocation, before), goAllocationResult(allocation), path, errors)
  } else if (allocation) checkAllocation(allocation, requestNames(spec?.devices), path, errors)
  return errors
}

function checkConsumer(consumer: DeepReadonly<ResourceClaimConsumerReference>, path: string, errors: FieldError[]) {
  for (const field of ['resource', 'name', 'uid'] as const) {
    if (!consumer[field]) errors.push(requiredField(`${path}.${field}`))
  }
}

type Status = DeepReadonly<ResourceClaimStatus>

/** Whoever uses a claim can leave it while it is taken down, but nobody new can come. */
function checkReservation(status: Status, old: Status, isDeleted: boolean, errors: FieldError[]): void {
  const reserved = status.reservedFor ?? []
  if (reserved.length === 0) return
  const refuse = (why: string) => errors.push(forbiddenField('status.reservedFor', why))
  if (!status.allocation) return void refuse('may not be specified when `allocated` is not set')
  const isNew = (consumer: (typeof reserved)[number]) =>
    !old.reservedFor?.some((before) => isDeepStrictEqual(before, consumer))
  if (!isDeleted || !reserved.some(isNew)) return
  refuse('new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set')
}

function checkDevices({ devices, allocation }: Status, errors: FieldError[]): void {
  const allocated = new Set((allocation?.devices?.results ?? []).map(deviceKey))
  const check = (device: DeepReadonly<AllocatedDeviceStatus>, path: string) =>
    checkDevice(device, allocated, path, errors)
  const rules = { most: Number.POSITIVE_INFINITY, check, key: deviceKey, shownKey: goDeviceKey }
  checkSet(devices, rules, 'status.devices', errors)
}

function checkDevice(
  device: DeepReadonly<AllocatedDeviceStatus>,
  allocated: ReadonlySet<DeviceKey>,
  path: string,
  errors: FieldError[],
): void {
  checkDriverName(device.driver, `${path}.driver`, errors)
  checkPoolName(device.pool, `${path}.pool`, errors)
  checkLabelName(device.device, `${path}.device`, errors)
  if (device.shareID !== undefined) checkUid(device.shareID, `${path}.shareID`, errors)
  if (!allocated.has(deviceKey(device))) {
    errors.push(invalidField(path, goDeviceKey(device), 'must be an allocated device in the claim'))
  }
  const conditions = device.conditions ?? []
  if (conditions.length > maxConditions) {
    errors.push(tooManyField(`${path}.conditions`, conditions.length, maxConditions))
  }
  checkConditions(conditions, `${path}.conditions`, errors)
  if (device.data !== undefined) checkRawObject(device.data, maxDataBytes, `${path}.data`, errors)
  if (device.networkData) checkNetworkData(device.networkData, `${path}.networkData`, errors)
}

function checkNetworkData(
  { interfaceName = '', hardwareAddress = '', ips }: DeepReadonly<NetworkDeviceData>,
  path: string,
  errors: FieldError[],
): void {
  if (Buffer.byteLength(interfaceName) > maxInterfaceNameBytes) {
    errors.push(tooLongField(`${path}.interfaceName`, maxInterfaceNameBytes))
  }
  if (Buffer.byteLength(hardwareAddress) > maxHardwareAddressBytes) {
    errors.push(tooLongField(`${path}.hardwareAddress`, maxHardwareAddressBytes))
  }
  checkSet(ips, { most: maxAddresses, check: checkInterfaceAddress, key: (address) => address }, `${path}.ips`, errors)
}

/** An address with its network's size, in canonical form. After IsValidInterfaceAddress. */
function checkInterfaceAddress(address: string, path: string, errors: FieldError[]): void {
  const network = parseCidr(address)
  if (!network) {
    const why = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'
    errors.push(invalidField(path, address, why))
    return
  }
  const canonical = `${network.address.canonical}/${network.bits}`
  if (address === canonical) return
  errors.push(invalidField(path, address, `must be in canonical form (${JSON.stringify(canonical)})`))
}

function checkAllocation(
  { devices = {}, nodeSelector }: DeepReadonly<AllocationResult>,
  names: RequestNames,
  path: string,
  errors: FieldError[],
): void {
  const results = {
    most: maxResults,
    check: (result: DeepReadonly<DeviceRequestAllocationResult>, at: string) => checkResult(result, names, at, errors),
  }
  checkList(devices.results, results, `${path}.devices.results`, errors)
  const configurations = {
    most: maxConfigurations,
    check: (config: DeepReadonly<DeviceAllocationConfiguration>, at: string) => {
      checkRequiredOneOf(config.source, ['FromClaim', 'FromClass'], `${at}.source`, errors)
      checkRequestReferences(config.requests, names, `${at}.requests`, errors)
      checkDeviceConfiguration(config, false, at, errors)
    },
  }
  checkList(devices.config, configurations, `${path}.devices.config`, errors)
  if (nodeSelector) checkNodeSelector(nodeSelector, `${path}.nodeSelector`, errors)
}

function checkResult(
  result: DeepReadonly<DeviceRequestAllocationResult>,
  names: RequestNames,
  path: string,
  errors: FieldError[],
): void {
  checkRequestReference(result.request ?? '', names, `${path}.request`, errors)
  checkDriverName(result.driver, `${path}.driver`, errors)
  checkPoolName(result.pool, `${path}.pool`, errors)
  checkLabelName(result.device, `${path}.device`, errors)
  checkBindingConditions(result, path, errors)
  if (result.shareID !== undefined) checkUid(result.shareID, `${path}.shareID`, errors)
}
