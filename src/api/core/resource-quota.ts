import type { DeepReadonly } from '../../machinery/object.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { ResourceQuota } from '../types/core/v1.ts'
import { resourceQuotas } from '../types/resources.ts'

/** `pods: 1/10, requests.cpu: …`: the resources that are limits or those that are not. */
function usage({ status }: DeepReadonly<ResourceQuota>, limits: boolean): string {
  return Object.keys(status?.hard ?? {})
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${status?.used?.[name] ?? '0'}/${status?.hard?.[name]}`)
    .join(', ')
}

export const resourceQuota = define(resourceQuotas, {
  returnsDeletedObject: true,
  columns: [
    nameColumn,
    text('Request', (object) => usage(object, false)),
    text('Limit', (object) => usage(object, true)),
    ageColumn,
  ],
})
