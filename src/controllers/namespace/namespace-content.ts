import type { ResourceRef } from '../../api/resource-ref.ts'
import { pods } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import { type DiscoveredResource, type Discovery, discoverResources } from '../../client/discovery.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { isPodTerminal } from '../pods.ts'
import type { Remains } from './namespace-conditions.ts'

/** Until what finalizers hold back is looked at again. Upstream's finalizerEstimateSeconds. */
const finalizerEstimateMs = 15_000

export interface ContentDeletion {
  readonly remains: Remains
  /** How long what is left is thought to take; undefined when nothing is left. */
  readonly estimateMs: number | undefined
}

interface Tally {
  readonly resources: Map<string, number>
  readonly finalizers: Map<string, number>
  readonly deletionErrors: unknown[]
  estimateMs: number | undefined
}

export interface DeleteContentOptions {
  readonly client: Client
  readonly namespace: string
  /** How long the namespace has been terminating. */
  readonly terminatingMs: number
  readonly signal: AbortSignal
}

/**
 * Deletes all that stands in a namespace, Pods before anything else, so that none of them runs on without the policies
 * that confine it. After namespace/deletion namespaced_resources_deleter.go deleteAllContent.
 */
export async function deleteContent(options: DeleteContentOptions): Promise<ContentDeletion> {
  const { client, signal } = options
  const discovery = await discoverOrFail(client, signal)
  const tally: Tally = { resources: new Map(), finalizers: new Map(), deletionErrors: [], estimateMs: undefined }
  const deletable = discovery.resources.filter(({ namespaced, verbs }) => namespaced && verbs.includes('delete'))
  const isPods = ({ group, plural }: DiscoveredResource) => group === '' && plural === 'pods'
  for (const resource of deletable.filter(isPods)) await deleteResource(options, resource, tally)
  if (tally.resources.size === 0 && tally.deletionErrors.length === 0) {
    for (const resource of deletable.filter((other) => !isPods(other))) await deleteResource(options, resource, tally)
  }
  const { estimateMs, ...found } = tally
  return { remains: { discoveryFailures: discovery.failures, ...found }, estimateMs }
}

async function discoverOrFail(client: Client, signal: AbortSignal): Promise<Discovery> {
  try {
    return await discoverResources(client.transport, signal)
  } catch (error) {
    return { resources: [], failures: [{ groupVersion: '', error }] }
  }
}

async function deleteResource(
  options: DeleteContentOptions,
  resource: DiscoveredResource,
  tally: Tally,
): Promise<void> {
  const name = `${resource.plural}.${resource.group}`
  try {
    const graceMs = resource.plural === 'pods' && resource.group === '' ? await podGraceMs(options) : 0
    const left = await emptyResource(options, resource)
    if (left.length === 0) return
    tally.resources.set(name, left.length)
    const finalizers = left.flatMap(({ metadata }) => metadata?.finalizers ?? [])
    for (const finalizer of finalizers) tally.finalizers.set(finalizer, (tally.finalizers.get(finalizer) ?? 0) + 1)
    if (graceMs === 0 && finalizers.length === 0) {
      throw new Error(
        `unexpected items still remain in namespace: ${options.namespace} for gvr: ${resource.group}/${resource.version}, Resource=${resource.plural}`,
      )
    }
    tally.estimateMs = Math.max(tally.estimateMs ?? 0, graceMs || finalizerEstimateMs)
  } catch (error) {
    tally.deletionErrors.push(error)
  }
}

/** Deletes the objects of one resource and answers those that are still there. */
async function emptyResource(
  { client, namespace, signal }: DeleteContentOptions,
  ref: DiscoveredResource,
): Promise<readonly DeepReadonly<KubeObject>[]> {
  const resource = client.of(ref as ResourceRef)
  const canList = ref.verbs.includes('list')
  // Most resources have nothing in most namespaces: asking first costs a read instead of a write.
  const present = canList ? (await resource.list({ namespace, signal })).items : []
  if (canList && present.length === 0) return []
  const propagationPolicy = 'Background'
  if (ref.verbs.includes('deletecollection')) {
    await ignoring(resource.deleteCollection({ namespace, propagationPolicy, signal }))
  } else {
    for (const { metadata } of present)
      await ignoring(resource.delete(metadata.name, { namespace, propagationPolicy, signal }))
  }
  return canList ? (await resource.list({ namespace, signal })).items : []
}

/** What is gone, or cannot be deleted, is not left behind by us. */
async function ignoring(deletion: Promise<void>): Promise<void> {
  try {
    await deletion
  } catch (error) {
    if (!isStatus(error, 'NotFound', 'MethodNotAllowed')) throw error
  }
}

/** The longest time a Pod may still take by its own grace period, 0 once all of it has passed. */
async function podGraceMs({ client, namespace, terminatingMs, signal }: DeleteContentOptions): Promise<number> {
  const { items } = await client.of(pods).list({ namespace, signal })
  const running = items.filter((pod) => !isPodTerminal(pod))
  const longestMs = 1000 * Math.max(0, ...running.map(({ spec }) => spec?.terminationGracePeriodSeconds ?? 0))
  return terminatingMs >= longestMs ? 0 : longestMs
}
