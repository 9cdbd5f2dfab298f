import { isDeepStrictEqual } from 'node:util'
import type { FieldError } from '../../machinery/errors.ts'
import { duplicateField, invalidField, notSupportedField, requiredField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import type {
  CSIDriver,
  CSIDriverSpec,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  TokenRequest,
} from '../types/storage/v1.ts'
import { checkImmutable, checkNonNegative, checkOneOf, checkQualifiedName, checkSubdomain } from './checks.ts'
import { goList, goPointer, goString, goStruct, goValue } from './go-json.ts'
import { checkLabelSelector } from './label-selector.ts'
import { checkDriverName } from './volumes.ts'

/** What storage drivers publish. After pkg/apis/storage/validation v1.36. */

const maxNodeIdBytes = 256
const minTokenSeconds = 10 * 60
const maxTokenSeconds = 2 ** 32
const minUpdateSeconds = 10

type ReadonlyDriver = DeepReadonly<CSIDriver>

export function validateCsiDriver({ spec }: ReadonlyDriver): FieldError[] {
  const errors: FieldError[] = []
  checkDriverSpec(spec ?? {}, errors)
  return errors
}

/** The paths are upstream's, the misspelt one too. */
export function validateCsiDriverUpdate(object: ReadonlyDriver, old: ReadonlyDriver): FieldError[] {
  const errors = validateCsiDriver(object)
  const { attachRequired, volumeLifecycleModes } = object.spec ?? {}
  const isSame = attachRequired === old.spec?.attachRequired
  checkImmutable(isSame, attachRequired ?? null, 'spec.attachedRequired', errors)
  const hasSameModes = isDeepStrictEqual(volumeLifecycleModes, old.spec?.volumeLifecycleModes)
  checkImmutable(hasSameModes, volumeLifecycleModes ?? null, 'spec.volumeLifecycleModes', errors)
  return errors
}

function checkDriverSpec(spec: DeepReadonly<CSIDriverSpec>, errors: FieldError[]): void {
  if (spec.attachRequired === undefined) errors.push(requiredField('spec.attachedRequired'))
  for (const field of ['podInfoOnMount', 'storageCapacity'] as const) {
    if (spec[field] === undefined) errors.push(requiredField(`spec.${field}`))
  }
  if (spec.fsGroupPolicy !== undefined) {
    checkOneOf(spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], 'spec.fsGroupPolicy', errors)
  }
  const tokenRequests = spec.tokenRequests ?? []
  checkTokenRequests(tokenRequests, errors)
  const modes = ['Persistent', 'Ephemeral']
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (!modes.includes(mode)) errors.push(notSupportedField('spec.volumeLifecycleModes', mode, modes))
  }
  if (spec.seLinuxMount === undefined) errors.push(requiredField('spec.seLinuxMount'))
  const period = spec.nodeAllocatableUpdatePeriodSeconds
  if (period !== undefined && period < minUpdateSeconds) {
    const path = 'spec.nodeAllocatableUpdatePeriodSeconds'
    errors.push(invalidField(path, period, 'must be greater than or equal to 10 seconds'))
  }
  if (spec.serviceAccountTokenInSecrets !== undefined && tokenRequests.length === 0) {
    const why = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified'
    errors.push(invalidField('spec.serviceAccountTokenInSecrets', spec.serviceAccountTokenInSecrets, why))
  }
}

/** One token an audience. */
function checkTokenRequests(requests: readonly DeepReadonly<TokenRequest>[], errors: FieldError[]): void {
  const seen = new Set<string>()
  requests.forEach(({ audience = '', expirationSeconds: seconds }, index) => {
    const path = `spec.tokenRequests[${index}]`
    if (seen.has(audience)) {
      errors.push(duplicateField(`${path}.audience`, audience))
      return
    }
    seen.add(audience)
    if (seconds === undefined) return
    const refuse = (why: string) => errors.push(invalidField(`${path}.expirationSeconds`, seconds, why))
    if (seconds < minTokenSeconds) refuse('may not specify a duration less than 10 minutes')
    if (seconds > maxTokenSeconds) refuse('may not specify a duration larger than 2^32 seconds')
  })
}

export function validateCsiNode({ spec }: DeepReadonly<CSINode>): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  spec?.drivers?.forEach((driver, index) => {
    checkNodeDriver(driver, seen, `spec.drivers[${index}]`, errors)
  })
  return errors
}

const goNodeDriver = goStruct([
  ['Name', 'name', goString],
  ['NodeID', 'nodeID', goString],
  ['TopologyKeys', 'topologyKeys', goList()],
  ['Allocatable', 'allocatable', goPointer(goValue)],
])

/** A driver that stays says the same as before, but for how many volumes fit. */
export function validateCsiNodeUpdate(object: DeepReadonly<CSINode>, old: DeepReadonly<CSINode>): FieldError[] {
  const errors = validateCsiNode(object)
  for (const { allocatable: _before, ...before } of old.spec?.drivers ?? []) {
    for (const { allocatable: _now, ...now } of object.spec?.drivers ?? []) {
      if (now.name !== before.name) continue
      checkImmutable(isDeepStrictEqual(now, before), goNodeDriver(now), 'spec.drivers', errors)
    }
  }
  return errors
}

function checkNodeDriver(
  { name = '', nodeID = '', topologyKeys, allocatable }: DeepReadonly<CSINodeDriver>,
  seen: Set<string>,
  path: string,
  errors: FieldError[],
): void {
  checkDriverName(name, `${path}.name`, errors)
  if (nodeID === '') errors.push(requiredField(`${path}.nodeID`))
  if (Buffer.byteLength(nodeID) > maxNodeIdBytes) {
    errors.push(invalidField(`${path}.nodeID`, nodeID, `must be ${maxNodeIdBytes} characters or less`))
  }
  checkNonNegative(allocatable?.count, `${path}.allocatable.count`, errors)
  if (seen.has(name)) errors.push(duplicateField(`${path}.name`, name))
  seen.add(name)
  const keys = new Set<string>()
  for (const key of topologyKeys ?? []) {
    if (key === '') errors.push(requiredField(path))
    if (keys.has(key)) errors.push(duplicateField(path, key))
    keys.add(key)
    checkQualifiedName(key, path, errors)
  }
}

type Capacity = DeepReadonly<CSIStorageCapacity>

export function validateCsiStorageCapacity({ nodeTopology, storageClassName = '', capacity }: Capacity): FieldError[] {
  const errors: FieldError[] = []
  checkLabelSelector(nodeTopology, 'nodeTopology', errors)
  checkSubdomain(storageClassName, 'storageClassName', errors)
  if (capacity !== undefined && parseQuantity(capacity).nano < 0n) {
    errors.push(invalidField('capacity', capacity, 'must be greater than or equal to 0'))
  }
  return errors
}

const valueInSelector = /^nodeTopology\.matchExpressions\[\d+\]\.values\[/

/** A selector that was accepted with values that are no labels may keep them. */
export function validateCsiStorageCapacityUpdate(object: Capacity, old: Capacity): FieldError[] {
  const before: FieldError[] = []
  checkLabelSelector(old.nodeTopology, 'nodeTopology', before)
  const isTolerated = ({ field }: FieldError) => before.length > 0 && valueInSelector.test(field)
  const errors = validateCsiStorageCapacity(object).filter((error) => !isTolerated(error))
  const hasSameTopology = isDeepStrictEqual(object.nodeTopology, old.nodeTopology)
  checkImmutable(hasSameTopology, object.nodeTopology ?? null, 'nodeTopology', errors)
  const name = object.storageClassName ?? ''
  checkImmutable(name === (old.storageClassName ?? ''), name, 'storageClassName', errors)
  return errors
}
