import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { Cri } from '../cri/cri.ts'
import { timestamp } from './status/container-statuses.ts'

/** Upstream's: containerLogMaxSize, containerLogMaxFiles and containerLogMonitorInterval of kubelet v1.36. */
const maxLogBytes = 10 << 20
const maxLogFiles = 5
const checkEveryMs = 10_000

export interface LogRotationOptions {
  readonly cri: Cri
  readonly clock: Clock
  readonly log: Logger
  /** Log files of running containers, by container ID. */
  readonly running: () => ReadonlyMap<string, string>
}

/** Keeps the logs of running containers bounded until `signal` aborts. After kubelet v1.36 logs/container_log_manager.go. */
export async function rotateLogs({ cri, clock, log, running }: LogRotationOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(checkEveryMs, signal)
    for (const [containerId, path] of running()) {
      try {
        if (await isTooLarge(path)) await rotate({ cri, containerId, path, nowMs: clock.nowMs() })
      } catch (error) {
        if (!signal.aborted) log.warn('container log not rotated', { error, path })
      }
    }
  }
}

async function isTooLarge(path: string): Promise<boolean> {
  try {
    return (await stat(path)).size >= maxLogBytes
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** `0.log` becomes `0.log.20260101-000000`; the oldest are removed. The runtime goes on in a new file. */
export async function rotate(options: { cri: Cri; containerId: string; path: string; nowMs: number }): Promise<void> {
  const { cri, containerId, path, nowMs } = options
  const suffix = timestamp(nowMs).replaceAll(/[-:Z]/g, '').replace('T', '-')
  const directory = dirname(path)
  const rotated = (await readdir(directory)).filter((name) => name.startsWith(`${basename(path)}.`)).sort()
  // The live file and the one that is made now count too.
  const surplus = rotated.slice(0, Math.max(0, rotated.length - (maxLogFiles - 2)))
  for (const name of surplus) await rm(join(directory, name))
  await rename(path, `${path}.${suffix}`)
  await cri.runtime.reopenContainerLog({ containerId })
}
