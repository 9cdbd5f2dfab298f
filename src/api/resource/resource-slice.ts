import type { DeepReadonly } from '../../machinery/object.ts'
import { formatTime } from '../../machinery/time.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { StrategyContext } from '../resource-definition.ts'
import type { Device, ResourceSlice } from '../types/resource/v1.ts'
import { resourceSlices } from '../types/resources.ts'
import { validateResourceSlice, validateResourceSliceUpdate } from '../validation/dynamic-resources/resource-slice.ts'

type ReadonlySlice = DeepReadonly<ResourceSlice>

const listValues = ['ints', 'bools', 'strings', 'versions'] as const

/** Behind feature gates that are off: list attributes and what a device takes of its node's own resources. */
function dropDisabled(device: Device): void {
  delete device.nodeAllocatableResourceMappings
  for (const attribute of Object.values(device.attributes ?? {})) {
    for (const name of listValues) delete attribute[name]
  }
}

function prepare({ spec }: ResourceSlice, { nowMs }: StrategyContext): void {
  for (const device of spec?.devices ?? []) {
    dropDisabled(device)
    for (const taint of device.taints ?? []) taint.timeAdded ??= formatTime(nowMs)
  }
}

function warnings({ spec }: ReadonlySlice): string[] {
  const driver = spec?.driver ?? ''
  if (driver === driver.toLowerCase()) return []
  const shown = JSON.stringify(driver)
  return [`spec.driver: driver names should be lowercase; ${shown} contains uppercase characters`]
}

export const resourceSlice = define(resourceSlices, {
  returnsDeletedObject: true,
  generationFields: ['spec'],
  prepareForCreate: prepare,
  prepareForUpdate: (draft, _old, context) => prepare(draft, context),
  validate: validateResourceSlice,
  validateUpdate: validateResourceSliceUpdate,
  warnings,
  selectableFields: {
    'spec.nodeName': (object) => object.spec?.nodeName ?? '',
    'spec.driver': (object) => object.spec?.driver ?? '',
  },
  columns: [
    nameColumn,
    text('Node', (object) => object.spec?.nodeName ?? ''),
    text('Driver', (object) => object.spec?.driver ?? ''),
    text('Pool', (object) => object.spec?.pool?.name ?? ''),
    ageColumn,
  ],
})
