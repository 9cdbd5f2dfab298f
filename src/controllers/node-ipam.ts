import type { Node } from '../api/types/core/v1.ts'
import { nodes } from '../api/types/resources.ts'
import type { Cached, Informer } from '../client/informer.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import {
  type Controller,
  type ControllerContext,
  type ControllerInstance,
  type ReconcileResult,
  type WatchEvent,
  watch,
} from './controller.ts'
import { NodeRanges } from './node-ranges.ts'

/** Gives each node its range of Pod addresses, one of each cluster network. After pkg/controller/nodeipam. */
export const nodeIpam: Controller = {
  name: 'node-ipam-controller',
  serviceAccount: 'node-controller',
  eventSource: 'cidrAllocator',
  create: (context) => new NodeIpam(context),
}

class NodeIpam implements ControllerInstance {
  readonly watches
  readonly #context: ControllerContext
  readonly #nodes: Informer<Node>
  readonly #networks: readonly NodeRanges[]
  /** What was given out and the cache may not show yet, by node. */
  readonly #given = new Map<string, readonly string[]>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#nodes = context.informers.informerFor(nodes)
    this.#networks = context.settings.clusterCidrs.map((cidr) => new NodeRanges(cidr))
    this.watches = [watch(this.#nodes, (event) => this.#observe(event))]
  }

  async reconcile(name: string): Promise<ReconcileResult | undefined> {
    const node = this.#nodes.get(name)
    if (!node || this.#networks.length === 0 || rangesOf(node).length > 0) return undefined
    const ranges = this.#given.get(name) ?? this.#take(node)
    const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR: ranges[0], podCIDRs: ranges } }
    try {
      await this.#context.client.of(nodes).patch(name, body, { type: 'strategic' })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
    return undefined
  }

  #observe({ object, type }: WatchEvent<Node>): string[] {
    const { name } = object.metadata
    const ranges = rangesOf(object)
    for (const network of this.#networks) {
      for (const range of ranges) {
        if (type === 'deleted') network.release(range)
        else network.occupy(range)
      }
    }
    if (type === 'deleted') this.#giveBack(name, ranges)
    else if (ranges.length > 0) this.#given.delete(name)
    return type === 'deleted' ? [] : [name]
  }

  /** A node that went before it showed its range. */
  #giveBack(name: string, shown: readonly string[]): void {
    const unseen = (this.#given.get(name) ?? []).filter((range) => !shown.includes(range))
    for (const network of this.#networks) for (const range of unseen) network.release(range)
    this.#given.delete(name)
  }

  #take({ metadata: { name, uid } }: Cached<Node>): readonly string[] {
    const ranges: string[] = []
    for (const network of this.#networks) {
      const range = network.take()
      if (range) ranges.push(range)
    }
    if (ranges.length === this.#networks.length) {
      this.#given.set(name, ranges)
      return ranges
    }
    for (const network of this.#networks) for (const range of ranges) network.release(range)
    const about = { apiVersion: 'v1', kind: 'Node', name, uid }
    this.#context.events.eventAbout(about, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
    throw new Error(`no range left for node ${name}`)
  }
}

function rangesOf({ spec }: DeepReadonly<Node>): readonly string[] {
  return spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : [])
}
