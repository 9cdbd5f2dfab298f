import type { Node } from '../api/types/core/v1.ts'
import { nodes } from '../api/types/resources.ts'
import type { DeepReadonly } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { type Controller, watch } from './controller.ts'
import { freeRanges } from './node-ranges.ts'

/** Gives each node its range of Pod addresses. After pkg/controller/nodeipam. */
export const nodeIpam: Controller = {
  name: 'node-ipam-controller',
  serviceAccount: 'node-controller',
  eventSource: 'cidrAllocator',
  // One at a time: two at once would choose the same range.
  workers: 1,
  create: ({ client, events, informers, settings }) => {
    const all = informers.informerFor(nodes)
    /** What was given out and the cache may not show yet, by node. */
    const given = new Map<string, readonly string[]>()
    return {
      watches: [
        watch(all, ({ object, type }) => {
          if (type === 'deleted') given.delete(object.metadata.name)
          return [object.metadata.name]
        }),
      ],
      async reconcile(name) {
        const node = all.get(name)
        if (!node || settings.clusterCidrs.length === 0 || rangesOf(node).length > 0) return undefined
        const taken = [...all.list().flatMap(rangesOf), ...[...given.values()].flat()]
        const ranges = given.get(name) ?? freeRanges(settings.clusterCidrs, taken)
        if (!ranges) {
          const about = { apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid }
          events.eventAbout(about, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
          throw new Error(`no range left for node ${name}`)
        }
        given.set(name, ranges)
        try {
          const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR: ranges[0], podCIDRs: ranges } }
          await client.of(nodes).patch(name, body, { type: 'strategic' })
        } catch (error) {
          given.delete(name)
          if (!isStatus(error, 'NotFound')) throw error
        }
        return undefined
      },
    }
  },
}

function rangesOf({ spec }: DeepReadonly<Node>): readonly string[] {
  return spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : [])
}
