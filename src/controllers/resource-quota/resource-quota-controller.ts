import { hasScopes, isInScope } from '../../api/core/quota-scopes.ts'
import { countName, objectUsage, totalUsage, type Usage } from '../../api/core/quota-usage.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import type { Pod, ResourceQuota } from '../../api/types/core/v1.ts'
import { persistentVolumeClaims, pods, resourceClaims, resourceQuotas, services } from '../../api/types/resources.ts'
import { discoverResources } from '../../client/discovery.ts'
import { byNamespace, type Cached, type Informer } from '../../client/informer.ts'
import { type DeepReadonly, type KubeObject, objectKey } from '../../machinery/object.ts'
import { parseQuantity, type Quantity, quantityOf } from '../../machinery/quantity.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  type WatchEvent,
  watch,
} from '../controller.ts'
import { isPodTerminal } from '../pods.ts'

/** Everything is counted anew so often, whatever was missed. Upstream's --resource-quota-sync-period. */
const resyncMs = 300_000
/** Kinds of which quotas know more than the number. */
const measured = [pods, services, persistentVolumeClaims, resourceClaims] as readonly ResourceRef[]

/** Counts what each quota's namespace uses, and gives back what was deleted. After pkg/controller/resourcequota. */
export const resourceQuota: Controller = {
  name: 'resourcequota-controller',
  serviceAccount: 'resourcequota-controller',
  create: (context) => new ResourceQuotaController(context),
}

class ResourceQuotaController implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #quotas: Informer<ResourceQuota>
  /** Informers of kinds that some quota counts, by `count/…` name. */
  readonly #counted = new Map<string, Informer<KubeObject>>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#quotas = context.informers.informerFor(resourceQuotas)
    // Of what admission charges nothing is counted anew: a cache that lags behind it would take that back.
    this.watches = [watch(this.#quotas, (event) => (isCounted(event) ? [objectKey(event.object)] : []))]
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const quota = this.#quotas.get(key)
    if (!quota) return undefined
    const used = await this.#usage(quota, signal)
    await this.#writeStatus(quota, used)
    return { requeueAfterMs: resyncMs }
  }

  async #usage(quota: Cached<ResourceQuota>, signal: AbortSignal): Promise<Usage> {
    const nowMs = this.#context.clock.nowMs()
    const scoped = hasScopes(quota)
    const usages: Usage[] = []
    for (const resource of await this.#resourcesOf(quota, signal)) {
      const informer = this.#informerFor(resource)
      await informer.synced
      for (const object of informer.byIndex(byNamespace, quota.metadata.namespace ?? '')) {
        if (scoped && !isInScope(quota, resource, object as DeepReadonly<KubeObject>)) continue
        usages.push(objectUsage(resource, object as DeepReadonly<KubeObject>, nowMs))
      }
    }
    return totalUsage(usages)
  }

  /** The kinds that the names of a quota are about. */
  async #resourcesOf({ spec }: Cached<ResourceQuota>, signal: AbortSignal): Promise<readonly ResourceRef[]> {
    const names = Object.keys(spec?.hard ?? {})
    const isMeasured = names.some((name) => !name.startsWith('count/'))
    const known = isMeasured ? measured : []
    const others = names.filter((name) => known.every((resource) => !isAbout(resource, name)))
    if (others.length === 0) return known
    const { resources } = await discoverResources(this.#context.client.transport, signal)
    const found = resources.filter(
      (resource) =>
        resource.namespaced && others.some((name) => isAbout(resource, name)) && resource.verbs.includes('watch'),
    )
    const ofKnown = new Set(known.map(countName))
    return [...known, ...found.filter((resource) => !ofKnown.has(countName(resource)))]
  }

  /** Watches a kind from the first quota on that counts it. */
  #informerFor(resource: ResourceRef): Informer<KubeObject> {
    const name = countName(resource)
    // Another one than before, where the kind was away for a while.
    const informer = this.#context.informers.informerFor(resource)
    if (this.#counted.get(name) === informer) return informer
    this.#counted.set(name, informer)
    // What is created is charged by admission. A cache that lags behind it must not take that back.
    informer.addHandler({
      updated: (object, previous) => this.#replenish(object, releasesQuota(resource, object, previous)),
      deleted: (object) => this.#replenish(object, true),
    })
    return informer
  }

  #replenish({ metadata }: Cached<KubeObject>, isReleased: boolean): void {
    if (!isReleased) return
    const quotas = this.#quotas.byIndex(byNamespace, metadata.namespace ?? '')
    for (const quota of quotas) this.#context.queue.add(objectKey(quota))
  }

  async #writeStatus(quota: Cached<ResourceQuota>, usage: Usage): Promise<void> {
    const hard = { ...quota.spec?.hard }
    const used = Object.fromEntries(
      Object.keys(hard).map((name) => [name, (usage.get(name) ?? quantityOf(0)).toString()]),
    )
    if (sameAmounts(hard, quota.status?.hard) && sameAmounts(used, quota.status?.used)) return
    await this.#context.client.of(resourceQuotas).updateStatus({ ...(quota as ResourceQuota), status: { hard, used } })
  }
}

/** Whether what is to be counted is new: the quota itself, or the amounts it limits. */
function isCounted({ object, previous }: WatchEvent<ResourceQuota>): boolean {
  return !previous || !sameAmounts(object.spec?.hard ?? {}, previous.spec?.hard ?? {})
}

/** Whether the kind is the one that a quota's `pods` or `count/pods` is about. */
function isAbout(resource: ResourceRef, name: string): boolean {
  return name === countName(resource) || (resource.group === '' && name === resource.plural)
}

function releasesQuota(resource: ResourceRef, object: Cached<KubeObject>, previous: Cached<KubeObject>): boolean {
  if (resource.group !== '') return false
  if (resource.plural === 'pods') return isPodTerminal(object as Cached<Pod>) && !isPodTerminal(previous as Cached<Pod>)
  return resource.plural === 'services' || resource.plural === 'persistentvolumeclaims'
}

function sameAmounts(
  wanted: Readonly<Record<string, string>>,
  present: Readonly<Record<string, string>> | undefined,
): boolean {
  if (!present || Object.keys(present).length !== Object.keys(wanted).length) return false
  const amount = (text: string | undefined): Quantity | undefined =>
    text === undefined ? undefined : parseQuantity(text)
  return Object.entries(wanted).every(([name, text]) => amount(present[name])?.compare(parseQuantity(text)) === 0)
}
