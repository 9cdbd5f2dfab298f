import { isInScope, isTerminating } from '../../api/core/quota-scopes.ts'
import { namesAbout, objectUsage, type Usage } from '../../api/core/quota-usage.ts'
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

/**
 * Refuses what a namespace's quotas do not leave room for, and takes from them what it lets in. What is let in and then
 * fails is given back by the quota controller. After apiserver admission/plugin/resourcequota v1.36.
 */
export function resourceQuota(services: ResourceQuotaServices): AdmissionPlugin {
  return {
    name: 'ResourceQuota',
    handles: ['CREATE', 'UPDATE'],
    async validate(attributes) {
      const { namespace, object } = attributes
      if (!object || namespace === '' || !isCharged(attributes)) return
      const quotas = services.reader.list(resourceQuotas, namespace)
      if (quotas.length > 0) await chargeAll(attributes, quotas, services)
    },
  }
}

/** What can take more of a quota: every creation, and updates of kinds that grow. After the evaluators' Handles. */
function isCharged({ definition, operation, subresource, object, oldObject }: AdmissionAttributes): boolean {
  const { group, plural } = definition
  const kind = `${group}/${plural}`
  if (plural === 'events' && (group === '' || group === 'events.k8s.io')) return false
  if (kind === '/pods' && subresource === 'resize') return true
  if (kind === '/persistentvolumeclaims' && subresource === 'status') return operation === 'UPDATE'
  if (subresource !== '') return false
  if (operation === 'CREATE') return true
  if (kind === '/pods') return isTerminating(object as Pod) !== isTerminating(oldObject as DeepReadonly<Pod>)
  return ['/services', '/persistentvolumeclaims', 'resource.k8s.io/resourceclaims'].includes(kind)
}

async function chargeAll(
  attributes: AdmissionAttributes,
  quotas: readonly Held<ResourceQuota>[],
  services: ResourceQuotaServices,
): Promise<void> {
  const usage = usageOf(attributes, services.nowMs())
  const concerned = quotas.filter((quota) => concerns(quota, attributes))
  for (const quota of concerned) requireStated(attributes, quota)
  // All quotas are looked at before any is charged: a write that one of them refuses takes nothing from the others.
  for (const quota of concerned) charge(attributes, quota, usage)
  if (attributes.dryRun) return
  for (const quota of concerned) await take(attributes, quota, usage, services)
}

/** A quota looks at the kinds it has names for, and of these at the objects within its scopes. */
function concerns(quota: Held<ResourceQuota>, { definition, object }: AdmissionAttributes): boolean {
  return namesOf(quota, { definition }).length > 0 && isInScope(quota, definition, object!)
}

function namesOf({ status }: Held<ResourceQuota>, { definition }: Pick<AdmissionAttributes, 'definition'>): string[] {
  return namesAbout(definition, Object.keys(status?.hard ?? {}))
}

/** Throws 403 when the object does not say how much it takes, or the quota not yet what is taken. */
function requireStated(attributes: AdmissionAttributes, quota: Held<ResourceQuota>): void {
  const { definition, object } = attributes
  const names = namesOf(quota, attributes)
  const { name } = quota.metadata
  if (definition.group === '' && definition.plural === 'pods') {
    const unstated = unstatedAmounts(object as DeepReadonly<Pod>, names)
    if (unstated !== undefined) throw refuse(attributes, `failed quota: ${name}: must specify ${unstated}`)
  }
  if (names.every((each) => quota.status?.used?.[each] !== undefined)) return
  throw refuse(attributes, `status unknown for quota: ${name}, resources: ${names.sort().join(',')}`)
}

async function take(
  attributes: AdmissionAttributes,
  quota: Held<ResourceQuota>,
  usage: ChargedUsage,
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

interface ChargedUsage {
  readonly whole: Usage
  /** What the write takes beyond what its object took before; never less than nothing. */
  readonly added: Usage
}

function usageOf({ definition, object, oldObject }: AdmissionAttributes, nowMs: number): ChargedUsage {
  const whole = objectUsage(definition, object!, nowMs)
  if (!oldObject) return { whole, added: whole }
  const before = objectUsage(definition, oldObject, nowMs)
  const none = quantityOf(0)
  const added = [...whole].map(([name, amount]) => {
    const more = amount.subtract(before.get(name) ?? none)
    return [name, more.nano > 0n ? more : none] as const
  })
  return { whole, added: new Map(added) }
}

/** The quota's new `used`; undefined when the write takes nothing of it. Throws 403 when there is no room. */
function charge(
  attributes: AdmissionAttributes,
  quota: Held<ResourceQuota>,
  usage: ChargedUsage,
): Record<string, string> | undefined {
  const { hard = {}, used = {} } = quota.status ?? {}
  const { definition, oldObject, subresource } = attributes
  // An object that comes into a quota's scopes takes all of what it takes.
  const isNew = oldObject !== undefined && !isInScope(quota, definition, oldObject)
  const taken = [...(isNew ? usage.whole : usage.added)].filter(
    ([resource, amount]) => hard[resource] !== undefined && amount.nano !== 0n,
  )
  if (taken.length === 0) return undefined
  const after = taken.map(
    ([resource, amount]) => [resource, parseQuantity(used[resource] ?? '0').add(amount), amount] as const,
  )
  const exceeded = after.filter(([resource, sum]) => sum.compare(parseQuantity(hard[resource]!)) > 0)
  // What a driver reports has happened already.
  if (exceeded.length > 0 && subresource !== 'status') throw exceededQuota(attributes, quota, exceeded)
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
