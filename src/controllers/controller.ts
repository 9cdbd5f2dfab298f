import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { Cached, Informer } from '../client/informer.ts'
import type { SharedInformers } from '../client/shared-informers.ts'
import type { WorkQueue } from '../client/work-queue.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { Clock } from '../platform/clock.ts'
import type { Logger } from '../platform/log.ts'

/**
 * A controller is a value: who it is, what it watches, and how it brings one key to the wanted state. The runner owns
 * the queue, retries, back-off and logs.
 */
export interface Controller {
  /** Unique, upstream's name, such as `replicaset-controller`. */
  readonly name: string
  /** Its identity: `system:serviceaccount:kube-system:<serviceAccount>`; the manager's own if not given. */
  readonly serviceAccount?: string
  /** `From` in its events; `name` if not given. */
  readonly eventSource?: string
  /** How many keys are worked on at once. Default 5. */
  readonly workers?: number
  /** Wires the controller up; starts nothing. */
  create(context: ControllerContext): ControllerInstance
}

export interface ControllerContext {
  /** With the controller's own identity. */
  readonly client: Client
  /** Caches shared by all controllers: what comes out of them may be a little old and must not be written to. */
  readonly informers: SharedInformers
  readonly queue: Pick<WorkQueue, 'add' | 'addAfter'>
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Logger
  readonly settings: ControllerSettings
}

/** What the operator of a cluster chooses. Upstream: flags of kube-controller-manager. */
export interface ControllerSettings {
  /** PEM of the cluster's authority, published in each namespace. */
  readonly certificateAuthority: string
  /** Networks that node ranges are cut from, at most one a family. Empty: nodes get no range. */
  readonly clusterCidrs: readonly string[]
}

export interface ControllerInstance {
  readonly watches: readonly Watch[]
  /** Level-triggered: reads the present state, whatever led here. What it throws is tried again with back-off. */
  reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined>
  /** Work that no key stands for, such as a periodic sweep. Runs until `signal` aborts. */
  run?(signal: AbortSignal): Promise<void>
}

export interface ReconcileResult {
  /** To look at the key again after this time; not a failure. */
  readonly requeueAfterMs?: number
}

/** An informer and how its events become keys, with the object's type hidden. */
export interface Watch {
  readonly synced: Promise<void>
  subscribe(add: (key: string) => void): () => void
}

export interface WatchEvent<T extends KubeObject> {
  readonly object: Cached<T>
  /** What was there before an update. */
  readonly previous?: Cached<T>
  readonly type: 'added' | 'updated' | 'deleted'
}

/** Keys of an event are those of the object and, where a relation may have moved, of the previous one too. */
export function watch<T extends KubeObject>(
  informer: Informer<T>,
  keysOf: (event: WatchEvent<T>) => readonly string[],
): Watch {
  return {
    synced: informer.synced,
    subscribe(add) {
      const handle = (event: WatchEvent<T>) => {
        for (const key of keysOf(event)) add(key)
      }
      return informer.addHandler({
        added: (object) => handle({ type: 'added', object }),
        updated: (object, previous) => handle({ type: 'updated', object, previous }),
        deleted: (object) => handle({ type: 'deleted', object }),
      })
    },
  }
}
