import { hasScopes, isInScope } from '../../api/core/quota-scopes.ts'
import { objectUsage, type Usage } from '../../api/core/quota-usage.ts'
import type { Pod, ResourceQuota } from '../../api/types/core/v1.ts'
import { resourceQuotas } from '../../api/types/resources.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts'
import { isStatus } from '../../machinery/status.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refuse } from './refuse.ts'
import { unstatedAmounts } from './unstated-amounts.ts'

export interface ResourceQuotaServices {
  readonly reader: ObjectReader
  readonly nowMs: () => number
  /** Writes a quota's status; throws a Conflict when it has changed since. */
  readonly updateQuotaStatus: (quota: Held<ResourceQuota>, used: Record<string, string>) => Promise<void>
}

/** How often a lost race for a quota is run again. */
const maxAttempts = 4

/** Resources that can grow by an update. */
const growing: ReadonlySet<string> = new Set(['persistentvolumeclaims', 'services', 'pods'])

/**
 * Refuses what a namespace's quotas do not leave room for, and takes from them what it lets in. What is let in and then
 * fails is given back by the quota controller. After apiserver admission/plugin/resourcequota v1.36.
 */
export function resourceQuota(services: ResourceQuotaServices): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    handles: ['CREATE', 'UPDATE'],
    async validate(attributes) {
      const { namespace, object, operation, subresource, definition } = attributes
      if (!object || namespace === '') return
      const resizes = definition.plural === 'pods' && subresource === 'resize'
      if (subresource !== '' && !resizes) return
      if (operation === 'UPDATE' && !growing.has(definition.plural)) return
      const quotas = services.reader.list(resourceQuotas, namespace)
      if (quotas.length > 0) await chargeAll(attributes, quotas, services)
    },
  }
}

async function chargeAll(
  attributes: AdmissionAttributes,
  quotas: readonly Held<ResourceQuota>[],
  services: ResourceQuotaServices,
): Promise<void> {
  const concerned = quotas.filter((quota) => concerns(quota, attributes))
  const usage = newUsage(attributes, services.nowMs())
  // All quotas are looked at before any is charged: a write that one of them refuses takes nothing from the others.
  for (const quota of concerned) charge(attributes, quota, usage)
  if (attributes.dryRun) return
  for (const quota of concerned) await take(attributes, quota, usage, services)
}

/** A quota with scopes looks at the Pods within them alone. */
function concerns(quota: Held<ResourceQuota>, { definition, object }: AdmissionAttributes): boolean {
  if (!hasScopes(quota)) return true
  return definition.plural === 'pods' && isInScope(quota, object as DeepReadonly<Pod>)
}

async function take(
  attributes: AdmissionAttributes,
  quota: Held<ResourceQuota>,
  usage: Usage,
  { reader, updateQuotaStatus }: ResourceQuotaServices,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const current = reader.get(resourceQuotas, quota.metadata.name, attributes.namespace)
    const used = current && charge(attributes, current, usage)
    if (!used) return
    try {
      await updateQuotaStatus(current, used)
      return
    } catch (error) {
      if (!isStatus(error, 'Conflict') || attempt === maxAttempts) throw error
    }
  }
}

/** What the write takes beyond what its object took before. */
function newUsage({ definition, object, oldObject }: AdmissionAttributes, nowMs: number): Usage {
  const usage = objectUsage(definition, object!, nowMs)
  if (!oldObject) return usage
  const before = objectUsage(definition, oldObject, nowMs)
  return new Map([...usage].map(([name, amount]) => [name, amount.subtract(before.get(name) ?? quantityOf(0))]))
}

/** The quota's new `used`; undefined when the write takes nothing of it. Throws 403 when there is no room. */
function charge(
  attributes: AdmissionAttributes,
  quota: Held<ResourceQuota>,
  usage: Usage,
): Record<string, string> | undefined {
  const { hard = {}, used = {} } = quota.status ?? {}
  const { name } = quota.metadata
  if (attributes.operation === 'CREATE' && attributes.definition.plural === 'pods') {
    const unstated = unstatedAmounts(attributes.object as DeepReadonly<Pod>, Object.keys(hard))
    if (unstated !== undefined) throw refuse(attributes, `failed quota: ${name}: must specify ${unstated}`)
  }
  const taken = [...usage].filter(([resource, amount]) => hard[resource] !== undefined && amount.nano !== 0n)
  if (taken.length === 0) return undefined
  const unknown = taken.map(([resource]) => resource).filter((resource) => used[resource] === undefined)
  if (unknown.length > 0) {
    throw refuse(attributes, `status unknown for quota: ${name}, resources: ${unknown.sort().join(',')}`)
  }
  const after = taken.map(
    ([resource, amount]) => [resource, parseQuantity(used[resource]!).add(amount), amount] as const,
  )
  const exceeded = after.filter(
    ([resource, sum, amount]) => amount.nano > 0n && sum.compare(parseQuantity(hard[resource]!)) > 0,
  )
  if (exceeded.length > 0) throw exceededQuota(attributes, quota, exceeded)
  return { ...used, ...Object.fromEntries(after.map(([resource, sum]) => [resource, sum.toString()])) }
}

function exceededQuota(
  attributes: AdmissionAttributes,
  { metadata, status }: Held<ResourceQuota>,
  exceeded: readonly (readonly [string, Quantity, Quantity])[],
): Error {
  const names = exceeded.map(([resource]) => resource).sort()
  const list = (amountOf: (resource: string) => string) =>
    names.map((resource) => `${resource}=${amountOf(resource)}`).join(',')
  const requested = list((resource) => String(exceeded.find(([name]) => name === resource)![2]))
  const used = list((resource) => status?.used?.[resource] ?? '0')
  const limited = list((resource) => status?.hard?.[resource] ?? '0')
  return refuse(
    attributes,
    `exceeded quota: ${metadata.name}, requested: ${requested}, used: ${used}, limited: ${limited}`,
  )
}
