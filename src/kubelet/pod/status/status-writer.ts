import type { PodStatus } from '../../../api/types/core/v1.ts'
import { pods } from '../../../api/types/resources.ts'
import type { Client } from '../../../client/client.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import { isStatus } from '../../../machinery/status.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { Logger } from '../../../platform/log.ts'
import { nameOf, namespaceOf, type ReadonlyPod, uidOf } from '../pod.ts'
import { statusPatch } from './status-patch.ts'

const retryAfterMs = 1_000

interface Entry {
  /** The Pod in the API that shows the status: for a static Pod, its mirror. */
  pod: ReadonlyPod
  wanted: PodStatus
  /** What the API holds as far as is known. */
  written: DeepReadonly<PodStatus>
  writing: Promise<void> | undefined
}

/** Brings the statuses of Pods to the API: only the newest of each, one request at a time, for as long as it takes. */
export class StatusWriter {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: Logger
  readonly #signal: AbortSignal
  readonly #entries = new Map<string, Entry>()

  constructor(options: { client: Client; clock: Clock; log: Logger; signal: AbortSignal }) {
    this.#client = options.client
    this.#clock = options.clock
    this.#log = options.log
    this.#signal = options.signal
  }

  /** `pod` is the object in the API. The write goes on in the background. */
  set(pod: ReadonlyPod, status: PodStatus): void {
    const uid = uidOf(pod)
    const entry = this.#entries.get(uid) ?? { pod, wanted: status, written: pod.status ?? {}, writing: undefined }
    entry.pod = pod
    entry.wanted = status
    this.#entries.set(uid, entry)
    entry.writing ??= this.#write(entry).finally(() => {
      entry.writing = undefined
    })
  }

  /** The status that was set last. */
  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted
  }

  /** Resolves when the API shows the newest status, or the Pod is gone. */
  async flush(uid: string): Promise<void> {
    await this.#entries.get(uid)?.writing
  }

  forget(uid: string): void {
    this.#entries.delete(uid)
  }

  async #write(entry: Entry): Promise<void> {
    // Several changes in one turn of the loop become one request.
    await Promise.resolve()
    while (!this.#signal.aborted) {
      const { pod, wanted, written } = entry
      const patch = statusPatch(uidOf(pod), written, wanted)
      if (!patch) return
      try {
        await this.#client
          .of(pods)
          .patch(nameOf(pod), patch, { namespace: namespaceOf(pod), type: 'strategic', subresource: 'status' })
        entry.written = wanted
        if (entry.wanted === wanted) return
      } catch (error) {
        // Gone, or replaced by another of the same name.
        if (isStatus(error, 'NotFound', 'Conflict')) return
        this.#log.warn('pod status not written, trying again', { error, pod: nameOf(pod) })
        await this.#clock.sleep(retryAfterMs, this.#signal)
      }
    }
  }
}
