import type { Pod } from '../../api/types/core/v1.ts'
import { nodes, pods } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import { objectKey } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import {
  configHashAnnotation,
  configMirrorAnnotation,
  nameOf,
  namespaceOf,
  type ReadonlyPod,
  uidOf,
} from '../pod/pod.ts'

const retryAfterMs = 1_000

/** The objects that show static Pods in the API. They follow the manifests: a deleted one comes back. */
export class MirrorPods {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: Logger
  readonly #signal: AbortSignal
  readonly #wanted = new Map<string, ReadonlyPod>()
  readonly #mirrors = new Map<string, ReadonlyPod>()
  /** One task for each name, so that a mirror is never made twice. */
  readonly #tasks = new Map<string, Promise<void>>()

  constructor(options: { client: Client; clock: Clock; log: Logger; signal: AbortSignal }) {
    this.#client = options.client
    this.#clock = options.clock
    this.#log = options.log
    this.#signal = options.signal
  }

  want(wanted: readonly ReadonlyPod[]): void {
    this.#wanted.clear()
    for (const pod of wanted) this.#wanted.set(objectKey(pod), pod)
    for (const key of new Set([...this.#wanted.keys(), ...this.#mirrors.keys()])) this.#reconcileSoon(key)
  }

  /** A mirror is there or has changed. Answers the uid of the static Pod it shows. */
  seen(mirror: ReadonlyPod): string | undefined {
    const key = objectKey(mirror)
    this.#mirrors.set(key, mirror)
    this.#reconcileSoon(key)
    const shown = this.#wanted.get(key)
    return shown && uidOf(shown)
  }

  gone(mirror: ReadonlyPod): void {
    this.#mirrors.delete(objectKey(mirror))
    this.#reconcileSoon(objectKey(mirror))
  }

  /** Undefined while there is none that shows this very manifest. */
  mirrorOf(pod: ReadonlyPod): ReadonlyPod | undefined {
    const mirror = this.#mirrors.get(objectKey(pod))
    return mirror && shows(mirror, pod) ? mirror : undefined
  }

  #reconcileSoon(key: string): void {
    const before = this.#tasks.get(key) ?? Promise.resolve()
    const task = before
      .then(() => this.#reconcile(key))
      .catch(async (error: unknown) => {
        this.#log.warn('mirror pod not in step, trying again', { error, pod: key })
        await this.#clock.sleep(retryAfterMs, this.#signal)
        if (!this.#signal.aborted) this.#reconcileSoon(key)
      })
    this.#tasks.set(key, task)
  }

  async #reconcile(key: string): Promise<void> {
    if (this.#signal.aborted) return
    const wanted = this.#wanted.get(key)
    const mirror = this.#mirrors.get(key)
    if (mirror && (!wanted || !shows(mirror, wanted))) return this.#delete(mirror)
    if (wanted && !mirror) await this.#create(wanted)
  }

  async #create(pod: ReadonlyPod): Promise<void> {
    const { uid: _, ...metadata } = structuredClone(pod.metadata ?? {}) as NonNullable<Pod['metadata']>
    const nodeName = pod.spec?.nodeName ?? ''
    const node = await this.#client.of(nodes).get(nodeName)
    const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid, controller: true }
    const hash = pod.metadata?.annotations?.[configHashAnnotation] ?? ''
    try {
      await this.#client.of(pods).create({
        ...(structuredClone(pod) as Pod),
        metadata: {
          ...metadata,
          ownerReferences: [owner],
          annotations: { ...metadata.annotations, [configMirrorAnnotation]: hash },
        },
      })
    } catch (error) {
      if (!isStatus(error, 'AlreadyExists')) throw error
    }
  }

  async #delete(mirror: ReadonlyPod): Promise<void> {
    try {
      const preconditions = { uid: uidOf(mirror) }
      const namespace = namespaceOf(mirror)
      await this.#client.of(pods).delete(nameOf(mirror), { namespace, gracePeriodSeconds: 0, preconditions })
    } catch (error) {
      if (!isStatus(error, 'NotFound', 'Conflict')) throw error
    }
  }
}

/** Made from this manifest, and not on its way out. */
function shows(mirror: ReadonlyPod, pod: ReadonlyPod): boolean {
  const hash = pod.metadata?.annotations?.[configHashAnnotation]
  return mirror.metadata?.annotations?.[configMirrorAnnotation] === hash && !mirror.metadata?.deletionTimestamp
}
