import { metricsDefinitions, nodeMetrics, podMetrics } from '../../api/metrics/metrics.ts'
import { metricsGroup, metricsVersion } from '../../api/metrics/schemas.ts'
import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { Node, Pod } from '../../api/types/core/v1.ts'
import { apiServices, nodes, pods } from '../../api/types/resources.ts'
import { notFound } from '../../machinery/errors.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { untilAborted } from '../../platform/until-aborted.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { Answer, RequestContext } from '../request.ts'
import { listOptions } from '../rest/list-options.ts'
import { listAnswer, objectAnswer, responseForm } from '../rest/response-form.ts'
import { selectionOf } from '../rest/selection.ts'
import { unstoredObject } from '../rest/stored-object.ts'
import { type KubeletClientOptions, kubeletEndpoint, kubeletTarget } from '../rest/subresources/connect-location.ts'
import { nodeMetricsOf, podMetricsOf } from './metrics-objects.ts'
import { fetchReadings, resourceMetricsPath } from './resource-metrics.ts'
import type { NodeUsage } from './usage.ts'
import { UsageSamples } from './usage-samples.ts'

export interface MetricsApiOptions {
  readonly reader: ObjectReader
  readonly registry: ResourceRegistry
  readonly kubelet: KubeletClientOptions
  readonly clock: Clock
  readonly log: Logger
}

export interface MetricsApi {
  /** Undefined: the request is not for this API, or not to look at it. */
  handle(context: RequestContext): Promise<Answer> | undefined
  /** Serves the API until `signal` aborts, as long as no APIService has another server do it. */
  run(signal: AbortSignal): Promise<void>
}

/** So many kubelets are asked at the same time. */
const nodesAtOnce = 100

const apiServiceName = `${metricsVersion}.${metricsGroup}`

/**
 * How much nodes and Pods use, as their kubelets tell. Where metrics-server is installed, its APIService stands before
 * this. After metrics-server v0.8.
 */
export function createMetricsApi(options: MetricsApiOptions): MetricsApi {
  const { reader, kubelet, clock } = options
  const samples = new UsageSamples({
    ...options,
    fetch: (nodeName, signal) => {
      const endpoint = kubeletEndpoint(reader, kubelet, { nodeName, asResource: 'nodes' })
      return fetchReadings(kubeletTarget(endpoint, resourceMetricsPath, new URLSearchParams()), signal)
    },
  })
  const source: Source = { reader, samples, nowMs: clock.nowMs }
  return {
    handle(context) {
      const { group, version, resource, subresource, verb } = context.info
      if (group !== metricsGroup || version !== metricsVersion || subresource !== '') return undefined
      const kind = kinds.find(({ definition }) => definition.plural === resource)
      if (!kind || context.method !== 'GET' || (verb !== 'get' && verb !== 'list')) return undefined
      return verb === 'get' ? getOne(context, kind, source) : listAll(context, kind, source)
    },
    run: (signal) => keepRegistered(options, signal),
  }
}

async function keepRegistered({ reader, registry }: MetricsApiOptions, signal: AbortSignal): Promise<void> {
  let isServed = false
  const sync = () => {
    const isOthers = reader.get(apiServices, apiServiceName)?.spec?.service !== undefined
    if (isServed !== isOthers) return
    isServed = !isOthers
    for (const definition of metricsDefinitions) {
      if (isServed) registry.add(definition)
      else registry.remove(definition)
    }
  }
  const unsubscribe = reader.onChange(apiServices, sync)
  sync()
  await untilAborted(signal)
  unsubscribe()
}

interface Source {
  readonly reader: ObjectReader
  readonly samples: UsageSamples
  readonly nowMs: () => number
}

interface Kind {
  readonly definition: ResourceDefinition
  /** What errors call the resource. */
  readonly resourceName: string
  /** What of the objects that `isWanted` lets through can be told. */
  readonly metrics: (scope: Scope, source: Source) => Promise<KubeObject[]>
}

interface Scope {
  readonly namespace: string
  readonly name: string
  readonly isWanted: (object: Held<KubeObject>) => boolean
}

const kinds: readonly Kind[] = [
  { definition: nodeMetrics, resourceName: 'nodemetrics', metrics: metricsOfNodes },
  { definition: podMetrics, resourceName: 'podmetrics', metrics: metricsOfPods },
]

async function getOne(
  context: RequestContext,
  { definition, resourceName, metrics }: Kind,
  source: Source,
): Promise<Answer> {
  const { namespace, name } = context.info
  const [object] = await metrics({ namespace, name, isWanted: () => true }, source)
  const shown = definition.namespaced ? `${namespace}/${name}` : name
  if (!object) throw notFound({ group: metricsGroup, resource: resourceName }, shown)
  const form = responseForm(context)
  return objectAnswer(unstoredObject(definition, object), 200, { definition, form, nowMs: source.nowMs() })
}

/** Selectors are about the nodes and Pods that the metrics are of. */
async function listAll(context: RequestContext, { definition, metrics }: Kind, source: Source): Promise<Answer> {
  const form = responseForm(context)
  const selection = selectionOf(definition, listOptions(context.query, false))
  const { namespace } = context.info
  const isWanted = (object: Held<KubeObject>) => selection.matches(object)
  const objects = await metrics({ namespace, name: '', isWanted }, source)
  const items = objects.map((object) => unstoredObject(definition, object))
  return listAnswer({ resourceVersion: '' }, items, { definition, form, nowMs: source.nowMs() })
}

async function metricsOfNodes(scope: Scope, source: Source): Promise<KubeObject[]> {
  const { reader, nowMs } = source
  const found = scope.name === '' ? reader.list(nodes) : one(reader.get(nodes, scope.name))
  const wanted = found.filter(scope.isWanted).toSorted(inOrder)
  const usages = await usagesOf(wanted, source)
  return wanted.flatMap((node) => {
    const usage = usages.get(node.metadata.name)?.node
    return usage ? [nodeMetricsOf(node, usage, nowMs())] : []
  })
}

async function metricsOfPods({ namespace, name, isWanted }: Scope, source: Source): Promise<KubeObject[]> {
  const { reader, nowMs } = source
  const found = name === '' ? reader.list(pods, namespace) : one(reader.get(pods, name, namespace))
  const wanted = found.filter((pod) => pod.spec?.nodeName && isWanted(pod)).toSorted(inOrder)
  const nodeNames = new Set(wanted.map((pod) => pod.spec!.nodeName!))
  const usages = await usagesOf(
    [...nodeNames].flatMap((nodeName) => one(reader.get(nodes, nodeName))),
    source,
  )
  const used = new Map([...usages.values()].flatMap((usage) => usage.pods).map((pod) => [keyOf(pod), pod]))
  return wanted.flatMap((pod: Held<Pod>) => {
    const usage = used.get(keyOf(pod.metadata))
    return usage ? [podMetricsOf(pod, usage, nowMs())] : []
  })
}

/** By node, for those whose kubelet says where it listens: others have nothing to tell. */
async function usagesOf(
  wanted: readonly Held<Node>[],
  { reader, samples }: Source,
): Promise<ReadonlyMap<string, NodeUsage>> {
  samples.keep(new Set(reader.list(nodes).map(({ metadata }) => metadata.name)))
  const names = wanted
    .filter(({ status }) => status?.daemonEndpoints?.kubeletEndpoint?.Port)
    .map(({ metadata }) => metadata.name)
  const usages = new Map<string, NodeUsage>()
  for (let start = 0; start < names.length; start += nodesAtOnce) {
    const ask = async (name: string) => {
      const usage = await samples.usageOf(name)
      if (usage) usages.set(name, usage)
    }
    await Promise.all(names.slice(start, start + nodesAtOnce).map(ask))
  }
  return usages
}

function one<T>(found: T | undefined): readonly T[] {
  return found === undefined ? [] : [found]
}

function keyOf({ namespace = '', name }: { readonly namespace?: string; readonly name: string }): string {
  return `${namespace}/${name}`
}

function inOrder({ metadata: left }: Held<KubeObject>, { metadata: right }: Held<KubeObject>): number {
  return keyOf(left) < keyOf(right) ? -1 : 1
}
