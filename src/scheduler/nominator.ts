import { objectKey } from '../machinery/object.ts'
import { type PlacedPod, placedPod } from './cache.ts'
import type { PodObject } from './pod-object.ts'

/** Pods without a node for which preemption makes room on one, by that node. After kube-scheduler backend/queue nominator.go. */
export class Nominator {
  readonly #byNode = new Map<string, Map<string, PlacedPod>>()
  readonly #nodeOf = new Map<string, string>()

  /** A nomination replaces the Pod's earlier one. */
  nominate(pod: PodObject, nodeName: string): void {
    const key = objectKey(pod)
    this.remove(key)
    this.#nodeOf.set(key, nodeName)
    const nominated = this.#byNode.get(nodeName) ?? new Map<string, PlacedPod>()
    nominated.set(key, placedPod(pod))
    this.#byNode.set(nodeName, nominated)
  }

  remove(key: string): void {
    const nodeName = this.#nodeOf.get(key)
    if (nodeName === undefined) return
    this.#nodeOf.delete(key)
    const nominated = this.#byNode.get(nodeName)
    nominated?.delete(key)
    if (nominated?.size === 0) this.#byNode.delete(nodeName)
  }

  /** Those nominated to a node; most nodes have none. */
  on(nodeName: string): readonly PlacedPod[] {
    const nominated = this.#byNode.get(nodeName)
    return nominated ? [...nominated.values()] : none
  }
}

const none: readonly PlacedPod[] = []
