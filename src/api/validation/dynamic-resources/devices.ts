import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField, tooLongField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { Device, DeviceAttribute, DeviceCounterConsumption, ResourceSliceSpec } from '../../types/resource/v1.ts'
import { checkNodeSelector } from '../affinity.ts'
import { checkSubdomain } from '../checks.ts'
import { checkBindingConditions } from './binding-conditions.ts'
import { checkSharedCapacity, checkWholeCapacity } from './capacity.ts'
import { checkCounters } from './counters.ts'
import { goDeviceAttribute } from './go-shapes.ts'
import { checkList, checkMap, checkSet } from './lists.ts'
import { checkLabelName, checkQualifiedName } from './names.ts'
import { checkDeviceTaint } from './tolerations.ts'

/** The devices of a slice. After pkg/apis/resource/validation validateDevice v1.36. */

const maxDevices = 128
/** Of devices with taints or counters, which cost the scheduler more. */
const maxAdvancedDevices = 64
const maxFacts = 32
const maxAttributeBytes = 64
/** A domain, a slash and an id. */
const longestFactName = 63 + 1 + 32
const maxTaints = 16
const maxConsumptions = 2

type Spec = DeepReadonly<Partial<ResourceSliceSpec>>
type ReadonlyDevice = DeepReadonly<Device>

export function checkDevices(spec: Spec, old: Spec | undefined, path: string, errors: FieldError[]): void {
  const isAdvanced = spec.devices?.some(({ taints, consumesCounters }) => taints?.length || consumesCounters?.length)
  const check = (device: ReadonlyDevice, at: string) => {
    const before = old?.devices?.find(({ name }) => name === device.name)
    checkDevice(device, { before, selectsNodes: spec.perDeviceNodeSelection ?? false }, at, errors)
  }
  const most = isAdvanced ? maxAdvancedDevices : maxDevices
  checkSet(spec.devices, { most, check, key: ({ name = '' }: { readonly name?: string }) => name }, path, errors)
}

interface DeviceRules {
  readonly before: ReadonlyDevice | undefined
  /** Each device says itself which nodes have it. */
  readonly selectsNodes: boolean
}

function checkDevice(
  device: ReadonlyDevice,
  { before, selectsNodes }: DeviceRules,
  path: string,
  errors: FieldError[],
) {
  checkLabelName(device.name, `${path}.name`, errors)
  checkFacts(device, path, errors)
  if (!before || !isDeepStrictEqual(before.taints, device.taints)) {
    checkList(device.taints, { most: maxTaints, check: checkDeviceTaint }, `${path}.taints`, errors)
  }
  const consumptions = {
    most: maxConsumptions,
    check: checkConsumption,
    key: ({ counterSet = '' }: { readonly counterSet?: string }) => counterSet,
  }
  checkSet(device.consumesCounters, consumptions, `${path}.consumesCounters`, errors)
  if (selectsNodes) checkNodes(device, path, errors)
  else if (device.nodeName !== undefined || device.nodeSelector || device.allNodes !== undefined) {
    const why =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
    errors.push(invalidField(path, null, why))
  }
  checkBindingConditions(device, path, errors)
}

/** Attributes and capacities. */
function checkFacts(device: ReadonlyDevice, path: string, errors: FieldError[]): void {
  const { attributes = {}, capacity = {} } = device
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > maxFacts) {
    const why = `the total number of attributes and capacities must not exceed ${maxFacts}`
    errors.push(invalidField(path, count, why))
  }
  const names = { most: Number.POSITIVE_INFINITY, longestKey: longestFactName, checkKey: checkQualifiedName }
  checkMap(attributes, { ...names, check: checkAttribute }, `${path}.attributes`, errors)
  const checkCapacity = device.allowMultipleAllocations ? checkSharedCapacity : checkWholeCapacity
  checkMap(capacity, { ...names, check: checkCapacity }, `${path}.capacity`, errors)
}

const identifier = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const number = '(0|[1-9]\\d*)'
const build = '[0-9a-zA-Z-]+'
const semanticVersion = new RegExp(
  `^${number}\\.${number}\\.${number}(-${identifier}(\\.${identifier})*)?(\\+${build}(\\.${build})*)?$`,
)

function checkAttribute(attribute: DeepReadonly<DeviceAttribute>, path: string, errors: FieldError[]): void {
  const { string, version } = attribute
  const values = [attribute.bool, attribute.int, string, version].filter((value) => value !== undefined)
  if (string !== undefined) checkLength(string, `${path}.string`, errors)
  if (version !== undefined) {
    if (!semanticVersion.test(version)) {
      const why = 'must be a string compatible with semver.org spec 2.0.0'
      errors.push(invalidField(`${path}.version`, version, why))
    }
    checkLength(version, `${path}.version`, errors)
  }
  if (values.length === 1) return
  const shown = values.length === 0 ? '' : goDeviceAttribute(attribute)
  errors.push(invalidField(path, shown, 'exactly one value must be specified'))
}

function checkLength(text: string, path: string, errors: FieldError[]): void {
  if (Buffer.byteLength(text) > maxAttributeBytes) errors.push(tooLongField(path, maxAttributeBytes))
}

function checkConsumption(
  { counterSet, counters }: DeepReadonly<DeviceCounterConsumption>,
  path: string,
  errors: FieldError[],
): void {
  if (!counterSet) errors.push(requiredField(`${path}.counterSet`))
  else checkLabelName(counterSet, `${path}.counterSet`, errors)
  checkCounters(counters, `${path}.counters`, errors)
}

const oneNodeChoice =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'

function checkNodes({ nodeName, nodeSelector, allNodes }: ReadonlyDevice, path: string, errors: FieldError[]): void {
  const found: string[] = []
  if (nodeName) {
    found.push('`nodeName`')
    checkSubdomain(nodeName, `${path}.nodeName`, errors)
  } else if (nodeName === '') errors.push(invalidField(`${path}.nodeName`, '', 'must not be empty'))
  if (nodeSelector) {
    found.push('`nodeSelector`')
    checkNodeSelector(nodeSelector, `${path}.nodeSelector`, errors)
  }
  if (allNodes) found.push('`allNodes`')
  else if (allNodes === false) {
    errors.push(invalidField(`${path}.allNodes`, false, 'must be either unset or set to true'))
  }
  if (found.length === 0) errors.push(requiredField(path, oneNodeChoice))
  else if (found.length > 1) errors.push(invalidField(path, `{${found.join(', ')}}`, oneNodeChoice))
}
