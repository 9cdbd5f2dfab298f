import type { Clock } from '../../platform/clock.ts'
import type { Cri } from '../cri/cri.ts'
import { grpcMessage } from '../cri/grpc-client.ts'
import type { CriRequest } from '../cri/messages.ts'
import { BackOff } from '../pod/back-off.ts'

export interface PresentImage {
  readonly ref: string
  readonly uid: number | undefined
  readonly username: string
}

/** Why there is no image: a reason of ContainerStateWaiting and its message. */
export interface ImageFault {
  readonly reason: 'ErrImagePull' | 'ImagePullBackOff' | 'ErrImageNeverPull' | 'ImageInspectError' | 'InvalidImageName'
  readonly message: string
  /** When to try again. */
  readonly retryAfterMs?: number
}

export type ImageResult = { ok: true; image: PresentImage } | { ok: false; fault: ImageFault }

export interface ImageWish {
  readonly podUid: string
  readonly image: string
  readonly policy: string
  readonly auths: readonly CriRequest<'AuthConfig'>[]
  readonly sandboxConfig: CriRequest<'PodSandboxConfig'>
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void
}

/** containerd itself gives up a pull that makes no progress; this only bounds what is left. */
const pullTimeoutMs = 6 * 3_600_000

/** Brings images to the node by the pull policy. After kubelet v1.36 images/image_manager.go. */
export class ImagePuller {
  readonly #cri: Cri
  readonly #clock: Clock
  readonly #backOff = new BackOff()
  readonly #lastFaults = new Map<string, string>()

  constructor({ cri, clock }: { cri: Cri; clock: Clock }) {
    this.#cri = cri
    this.#clock = clock
  }

  async ensure(wish: ImageWish): Promise<ImageResult> {
    const present = await this.#find(wish)
    if ('fault' in present) return { ok: false, fault: present.fault }
    if (present.image && wish.policy !== 'Always') {
      const message = `Container image "${wish.image}" already present on machine and can be accessed by the pod`
      wish.event('Normal', 'Pulled', message)
      return { ok: true, image: present.image }
    }
    if (wish.policy === 'Never') {
      const message = `Container image "${wish.image}" is not present with pull policy of Never`
      wish.event('Warning', 'ErrImageNeverPull', message)
      return { ok: false, fault: { reason: 'ErrImageNeverPull', message } }
    }
    return this.#pull(wish)
  }

  /** The Pod is gone: its failures no longer count. */
  forget(podUid: string): void {
    for (const key of this.#lastFaults.keys()) {
      if (!key.startsWith(`${podUid}_`)) continue
      this.#lastFaults.delete(key)
      this.#backOff.forget(key)
    }
  }

  async #find(wish: ImageWish): Promise<{ image: PresentImage | undefined } | { fault: ImageFault }> {
    try {
      const { image } = await this.#cri.images.imageStatus({ image: { image: wish.image } })
      if (!image) return { image: undefined }
      return { image: { ref: image.id, uid: image.uid?.value, username: image.username } }
    } catch (error) {
      const message = `Failed to inspect image "": ${grpcMessage(error)}`
      wish.event('Warning', 'InspectFailed', message)
      return { fault: { reason: 'ImageInspectError', message } }
    }
  }

  async #pull(wish: ImageWish): Promise<ImageResult> {
    const { image, event } = wish
    const key = `${wish.podUid}_${image}`
    const waitMs = this.#backOff.remainingSinceUpdateMs(key, this.#clock.nowMs())
    if (waitMs > 0) {
      const message = `Back-off pulling image "${image}"`
      event('Normal', 'BackOff', message)
      const last = this.#lastFaults.get(key)
      const full = last ? `${message}: ${last}` : message
      return { ok: false, fault: { reason: 'ImagePullBackOff', message: full, retryAfterMs: waitMs } }
    }
    event('Normal', 'Pulling', `Pulling image "${image}"`)
    const startedMs = this.#clock.monotonicMs()
    try {
      await this.#pullWithAuths(wish)
    } catch (error) {
      return this.#pullFailed(wish, key, error)
    }
    this.#lastFaults.delete(key)
    this.#backOff.forget(key)
    const found = await this.#find(wish)
    if ('fault' in found) return { ok: false, fault: found.fault }
    if (!found.image) return this.#pullFailed(wish, key, new Error(`image "${image}" vanished after its pull`))
    const tookMs = Math.round(this.#clock.monotonicMs() - startedMs)
    event('Normal', 'Pulled', `Successfully pulled image "${image}" in ${tookMs}ms (${tookMs}ms including waiting).`)
    return { ok: true, image: found.image }
  }

  /** One credential after the other; the last failure counts. */
  async #pullWithAuths({ image, auths, sandboxConfig }: ImageWish): Promise<void> {
    let failure: unknown
    for (const auth of auths.length > 0 ? auths : [undefined]) {
      try {
        await this.#cri.images.pullImage(
          { image: { image }, sandboxConfig, ...(auth ? { auth } : {}) },
          { timeoutMs: pullTimeoutMs },
        )
        return
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  #pullFailed({ image, event }: ImageWish, key: string, error: unknown): ImageResult {
    const why = grpcMessage(error)
    event('Warning', 'Failed', `Failed to pull image "${image}": ${why}`)
    const nowMs = this.#clock.nowMs()
    this.#backOff.next(key, nowMs, nowMs)
    this.#lastFaults.set(key, `ErrImagePull: ${why}`)
    return { ok: false, fault: { reason: 'ErrImagePull', message: why, retryAfterMs: 1_000 } }
  }
}
