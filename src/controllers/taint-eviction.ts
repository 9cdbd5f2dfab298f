import type { Pod } from '../api/types/core/v1.ts'
import { nodes, pods } from '../api/types/resources.ts'
import type { Cached } from '../client/informer.ts'
import { objectKey } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { type Controller, type ControllerContext, type ReconcileResult, watch } from './controller.ts'
import { noteDisruption } from './disruption-target.ts'
import { byNode, nodeNames } from './node-lifecycle/node-index.ts'
import { toleratedForMs } from './node-lifecycle/taints.ts'

/** Deletes Pods from nodes whose NoExecute taints they do not tolerate (any longer). After pkg/controller/tainteviction. */
export const taintEviction: Controller = {
  name: 'taint-eviction-controller',
  serviceAccount: 'node-controller',
  create: (context) => {
    const allNodes = context.informers.informerFor(nodes)
    const allPods = context.informers.informerFor(pods)
    allPods.addIndex(byNode, nodeNames)
    /** When the taints a Pod only tolerates for a time were first seen. */
    const noticedMs = new Map<string, number>()
    return {
      watches: [
        watch(allPods, ({ object }) => [objectKey(object)]),
        watch(allNodes, ({ object, previous }) =>
          JSON.stringify(object.spec?.taints) === JSON.stringify(previous?.spec?.taints) && previous
            ? []
            : allPods.byIndex(byNode, object.metadata.name).map(objectKey),
        ),
      ],
      reconcile: async (key) => {
        const pod = allPods.get(key)
        const node = pod?.spec?.nodeName ? allNodes.get(pod.spec.nodeName) : undefined
        const taints = (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
        const allowedMs = pod && taints.length > 0 ? toleratedForMs(taints, pod.spec?.tolerations ?? []) : undefined
        if (!pod || allowedMs === undefined || pod.metadata.deletionTimestamp) {
          const wasDoomed = noticedMs.delete(key)
          if (pod && wasDoomed && !pod.metadata.deletionTimestamp) tellSaved(context, pod)
          return undefined
        }
        return evictWhenDue({ context, pod, allowedMs, noticedMs })
      },
    }
  },
}

interface Due {
  readonly context: ControllerContext
  readonly pod: Cached<Pod>
  readonly allowedMs: number
  readonly noticedMs: Map<string, number>
}

async function evictWhenDue({ context, pod, allowedMs, noticedMs }: Due): Promise<ReconcileResult | undefined> {
  const key = objectKey(pod)
  const nowMs = context.clock.nowMs()
  const sinceMs = noticedMs.get(key) ?? nowMs
  const leftMs = sinceMs + allowedMs - nowMs
  if (leftMs > 0) {
    noticedMs.set(key, sinceMs)
    return { requeueAfterMs: leftMs }
  }
  noticedMs.delete(key)
  await evict(context, pod)
  return undefined
}

async function evict({ client, clock, events }: ControllerContext, pod: Cached<Pod>): Promise<void> {
  const { name, namespace = '' } = pod.metadata
  events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`)
  const message = 'Taint manager: deleting due to NoExecute taint'
  await noteDisruption(client, pod, { reason: 'DeletionByTaintManager', message, nowMs: clock.nowMs() })
  try {
    await client.of(pods).delete(name, { namespace })
  } catch (error) {
    if (!isStatus(error, 'NotFound')) throw error
  }
}

function tellSaved({ events }: ControllerContext, pod: Cached<Pod>): void {
  const { name, namespace } = pod.metadata
  events.event(pod, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${namespace}/${name}`)
}
