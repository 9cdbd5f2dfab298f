import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { CounterSet, ResourcePool, ResourceSlice, ResourceSliceSpec } from '../../types/resource/v1.ts'
import { checkNodeSelector } from '../affinity.ts'
import { checkImmutable, checkSubdomain } from '../checks.ts'
import { checkDriverName } from '../volumes.ts'
import { checkCounters } from './counters.ts'
import { checkDevices } from './devices.ts'
import { goNodeSelectorTerms } from './go-shapes.ts'
import { checkSet } from './lists.ts'
import { checkLabelName, checkPoolName } from './names.ts'

/** What a driver publishes of its devices. After pkg/apis/resource/validation ValidateResourceSlice v1.36. */

const maxCounterSets = 8

type Spec = DeepReadonly<Partial<ResourceSliceSpec>>

export function validateResourceSlice({ spec }: DeepReadonly<ResourceSlice>): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec ?? {}, undefined, errors)
  return errors
}

export function validateResourceSliceUpdate(
  { spec }: DeepReadonly<ResourceSlice>,
  old: DeepReadonly<ResourceSlice>,
): FieldError[] {
  const errors: FieldError[] = []
  checkSpec(spec ?? {}, old.spec ?? {}, errors)
  return errors
}

function checkSpec(spec: Spec, old: Spec | undefined, errors: FieldError[]): void {
  checkDriverName(spec.driver, 'spec.driver', errors)
  checkPool(spec.pool ?? {}, errors)
  if (old) checkUnchanged(spec, old, errors)
  checkNodes(spec, errors)
  if (spec.sharedCounters && spec.devices) {
    errors.push(invalidField('spec', '', 'only one of `sharedCounters` or `devices` is allowed'))
  }
  checkDevices(spec, old, 'spec.devices', errors)
  const sets = {
    most: maxCounterSets,
    check: checkCounterSet,
    key: ({ name = '' }: { readonly name?: string }) => name,
  }
  checkSet(spec.sharedCounters, sets, 'spec.sharedCounters', errors)
}

function checkPool(
  { name, resourceSliceCount = 0, generation = 0 }: DeepReadonly<Partial<ResourcePool>>,
  errors: FieldError[],
): void {
  checkPoolName(name, 'spec.pool.name', errors)
  if (resourceSliceCount <= 0) {
    errors.push(invalidField('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero'))
  }
  if (generation < 0) {
    errors.push(invalidField('spec.pool.generation', generation, 'must be greater than or equal to zero'))
  }
}

function checkUnchanged(spec: Spec, old: Spec, errors: FieldError[]): void {
  const name = spec.pool?.name ?? ''
  checkImmutable(name === (old.pool?.name ?? ''), name, 'spec.pool.name', errors)
  checkImmutable(spec.driver === old.driver, spec.driver ?? '', 'spec.driver', errors)
  checkImmutable(spec.nodeName === old.nodeName, spec.nodeName ?? null, 'spec.nodeName', errors)
}

const fields = '`nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`'

/** One way to say which nodes have the devices. */
function checkNodes(spec: Spec, errors: FieldError[]): void {
  const { nodeName, nodeSelector } = spec
  const found: string[] = []
  if (nodeName) {
    found.push('`nodeName`')
    checkSubdomain(nodeName, 'spec.nodeName', errors)
  } else if (nodeName === '') {
    errors.push(invalidField('spec.nodeName', '', 'must be either unset or set to a non-empty string'))
  }
  if (nodeSelector) {
    found.push('`nodeSelector`')
    checkNodeSelector(nodeSelector, 'spec.nodeSelector', errors)
    const terms = nodeSelector.nodeSelectorTerms
    if (terms?.length !== 1) {
      const path = 'spec.nodeSelector.nodeSelectorTerms'
      errors.push(invalidField(path, goNodeSelectorTerms(terms), 'must have exactly one node selector term'))
    }
  }
  for (const name of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[name]) found.push(`\`${name}\``)
    else if (spec[name] === false) {
      errors.push(invalidField(`spec.${name}`, false, 'must be either unset or set to true'))
    }
  }
  if (found.length === 1) return
  const why = `exactly one of ${fields} is required`
  if (found.length === 0) errors.push(requiredField('spec', why))
  else errors.push(invalidField('spec', `{${found.join(', ')}}`, `${why}, but multiple fields are set`))
}

function checkCounterSet({ name, counters }: DeepReadonly<CounterSet>, path: string, errors: FieldError[]): void {
  if (!name) errors.push(requiredField(`${path}.name`))
  else checkLabelName(name, `${path}.name`, errors)
  checkCounters(counters, `${path}.counters`, errors)
}
