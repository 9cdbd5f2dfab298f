import { isDeepStrictEqual } from 'node:util'
import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { nodeLabelSelectorWarnings } from '../node/deprecated-labels.ts'
import { ageColumn, integer, nameColumn, text } from '../printing.ts'
import type { Column } from '../resource-definition.ts'
import { csiDrivers, csiNodes, csiStorageCapacities } from '../types/resources.ts'
import type { CSIDriver } from '../types/storage/v1.ts'
import {
  validateCsiDriver,
  validateCsiDriverUpdate,
  validateCsiNode,
  validateCsiNodeUpdate,
  validateCsiStorageCapacity,
  validateCsiStorageCapacityUpdate,
} from '../validation/csi.ts'

function applyDriverDefaults({ spec }: CSIDriver): void {
  if (!spec) return
  spec.attachRequired ??= true
  spec.podInfoOnMount ??= false
  spec.storageCapacity ??= false
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent']
  spec.requiresRepublish ??= false
  spec.seLinuxMount ??= false
}

const tokensInSecrets =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes'

/** Behind a feature gate that is off. */
function dropDisabled({ spec }: CSIDriver): void {
  if (spec) delete spec.preventPodSchedulingIfMissing
}

/** Of what has just been asked for. */
function warnings({ spec }: DeepReadonly<CSIDriver>, old: DeepReadonly<CSIDriver> | undefined): string[] {
  if (!spec?.tokenRequests?.length || spec.serviceAccountTokenInSecrets !== undefined) return []
  return old && isDeepStrictEqual(old.spec?.tokenRequests, spec.tokenRequests) ? [] : [tokensInSecrets]
}

function flag(name: string, cell: Column<CSIDriver>['cell']): Column<CSIDriver> {
  return { name, type: 'boolean', cell }
}

export const csiDriver = define(csiDrivers, {
  returnsDeletedObject: true,
  applyDefaults: applyDriverDefaults,
  validate: validateCsiDriver,
  validateUpdate: validateCsiDriverUpdate,
  prepareForCreate: dropDisabled,
  // Unlike other kinds, the count begins with the first change.
  prepareForUpdate: (draft, old) => {
    dropDisabled(draft)
    if (draft.metadata && !isDeepStrictEqual(draft.spec, old.spec)) {
      draft.metadata.generation = (old.metadata?.generation ?? 0) + 1
    }
  },
  warnings,
  allowUnconditionalUpdate: false,
  columns: [
    nameColumn,
    flag('AttachRequired', (object) => object.spec?.attachRequired ?? true),
    flag('PodInfoOnMount', (object) => object.spec?.podInfoOnMount ?? false),
    flag('StorageCapacity', (object) => object.spec?.storageCapacity ?? false),
    text(
      'TokenRequests',
      (object) => object.spec?.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>',
    ),
    flag('RequiresRepublish', (object) => object.spec?.requiresRepublish ?? false),
    text('Modes', (object) => object.spec?.volumeLifecycleModes?.join(',') || '<none>'),
    ageColumn,
  ],
})

export const csiNode = define(csiNodes, {
  returnsDeletedObject: true,
  validate: validateCsiNode,
  validateUpdate: validateCsiNodeUpdate,
  metadataChecksOnUpdate: ['whole'],
  allowUnconditionalUpdate: false,
  columns: [nameColumn, integer('Drivers', (object) => object.spec?.drivers?.length), ageColumn],
})

export const csiStorageCapacity = define(csiStorageCapacities, {
  validate: validateCsiStorageCapacity,
  validateUpdate: validateCsiStorageCapacityUpdate,
  metadataChecksOnUpdate: ['whole', 'change'],
  warnings: ({ nodeTopology }) => nodeLabelSelectorWarnings(nodeTopology, 'nodeTopology'),
  allowUnconditionalUpdate: false,
})
