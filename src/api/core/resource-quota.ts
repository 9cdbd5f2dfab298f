import type { DeepReadonly } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { parseQuantity } from '../../machinery/quantity.ts'
import { define } from '../define.ts'
import { ageColumn, nameColumn, text } from '../printing.ts'
import type { ResourceQuota } from '../types/core/v1.ts'
import { resourceQuotas } from '../types/resources.ts'
import {
  validateResourceQuota,
  validateResourceQuotaStatus,
  validateResourceQuotaUpdate,
} from '../validation/resource-quota.ts'
import { roundUpToMilli } from './pod-spec-defaults.ts'

/** `pods: 1/10, requests.cpu: …`: the resources that are limits or those that are not. */
function usage({ status }: DeepReadonly<ResourceQuota>, limits: boolean): string {
  return Object.keys(status?.hard ?? {})
    .filter((name) => name.startsWith('limits.') === limits)
    .sort()
    .map((name) => `${name}: ${getOwn(status?.used, name) ?? '0'}/${status?.hard?.[name]}`)
    .join(', ')
}

/** Requests past their limits, which no Pods can reach. Of new quotas only. */
function limitWarnings(quota: DeepReadonly<ResourceQuota>, old: DeepReadonly<ResourceQuota> | undefined): string[] {
  const hard = quota.spec?.hard
  if (old || !hard) return []
  return ['cpu', 'memory', 'storage', 'ephemeral-storage'].flatMap((name) => {
    const isShort = (name === 'cpu' || name === 'memory') && hard[`requests.${name}`] === undefined
    const requestName = isShort ? name : `requests.${name}`
    const request = hard[requestName]
    const limit = hard[`limits.${name}`]
    if (request === undefined || limit === undefined) return []
    if (parseQuantity(request).compare(parseQuantity(limit)) <= 0) return []
    return [`ResourceQuota ${requestName} (${request}) should be less than limits.${name} (${limit})`]
  })
}

export const resourceQuota = define(resourceQuotas, {
  applyDefaults: ({ spec, status }) => {
    for (const list of [spec?.hard, status?.hard, status?.used]) roundUpToMilli(list)
  },
  returnsDeletedObject: true,
  validate: validateResourceQuota,
  validateUpdate: validateResourceQuotaUpdate,
  status: { validateUpdate: validateResourceQuotaStatus },
  warnings: limitWarnings,
  columns: [
    nameColumn,
    text('Request', (object) => usage(object, false)),
    text('Limit', (object) => usage(object, true)),
    ageColumn,
  ],
})
