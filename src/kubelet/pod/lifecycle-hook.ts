import type { LifecycleHandler } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Cri } from '../cri/cri.ts'
import { probeHttp, resolvePort } from '../probes/handlers.ts'
import type { ReadonlyContainer } from './pod.ts'

export interface HookOptions {
  readonly cri: Cri
  readonly clock: Clock
  readonly handler: DeepReadonly<LifecycleHandler>
  readonly container: ReadonlyContainer
  readonly containerId: string
  /** The Pod's. */
  readonly address: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** Runs a postStart or preStop handler to its end. Throws when it fails. After kubelet v1.36 lifecycle/handlers.go. */
export async function runHook(options: HookOptions): Promise<void> {
  const { cri, clock, handler, container, containerId, address, timeoutMs, signal } = options
  if (handler.exec) {
    const cmd = handler.exec.command ?? []
    const timeout = Math.ceil(timeoutMs / 1000)
    const answer = await cri.runtime.execSync(
      { containerId, cmd, timeout },
      { timeoutMs, ...(signal ? { signal } : {}) },
    )
    if (answer.exitCode === 0) return
    const output = Buffer.concat([answer.stdout, answer.stderr]).toString('utf8')
    throw new Error(`command '${cmd.join(' ')}' exited with ${answer.exitCode}: ${output}`)
  }
  if (handler.httpGet) {
    const port = resolvePort(handler.httpGet.port, container.ports)
    const outcome = await probeHttp({ action: handler.httpGet, port, address, timeoutMs })
    if (outcome.result === 'failure') throw new Error(outcome.output)
  }
  if (handler.sleep) await clock.sleep(Math.min(handler.sleep.seconds * 1000, timeoutMs), signal)
}
