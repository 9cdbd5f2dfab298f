import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../platform/clock.ts'
import { makePrivateDirectory, readFileIfThere, writeFileAtomically } from '../../platform/files.ts'
import type { Logger } from '../../platform/log.ts'
import { connectCri } from '../cri/cri.ts'
import { isNotFound, isUnavailable } from '../cri/grpc-client.ts'
import { renderContainerdConfig } from './config.ts'
import { containerdEvents } from './events.ts'
import { importImage } from './images.ts'
import { canMountOverlay, hasCapSysResource } from './machine.ts'
import { ociArchive } from './oci-archive.ts'
import { pauseImage, pauseImageReference } from './pause-image.ts'

export interface ContainerdOptions {
  /** Persistent: images, snapshots, the log, the configuration. */
  readonly rootDirectory: string
  /** On a file system that a reboot empties, as `/run` is. */
  readonly stateDirectory: string
  readonly cniConfDirectory: string
  readonly cniBinDirectory?: string
  readonly clock: Clock
  readonly log: Logger
}

export interface Containerd {
  readonly socketPath: string
  /** Restarts containerd whenever it dies, until `signal` aborts. containerd itself goes on running then. */
  supervise(signal: AbortSignal): Promise<void>
  /** Ends containerd. Pods go on running: their shims are processes of their own. */
  stop(): Promise<void>
}

const startTimeoutMs = 30_000
const stopTimeoutMs = 10_000
const firstRestartMs = 100
const longestRestartMs = 30_000
/** A containerd that ran this long was healthy: the next restart is quick again. */
const healthyAfterMs = 60_000
/** The log is begun anew at a start when it has grown beyond this. */
const maxLogBytes = 10 << 20

/**
 * Starts a containerd of our own, or adopts the one that a killed agent left, and waits until it answers. It is detached:
 * it outlives this process. Throws when the package is missing or it does not come up.
 */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const daemon = new ContainerdDaemon(options)
  await daemon.ensureRunning()
  return daemon
}

class ContainerdDaemon implements Containerd {
  readonly socketPath: string
  readonly #options: ContainerdOptions
  readonly #configPath: string
  readonly #pidPath: string
  readonly #logPath: string

  constructor(options: ContainerdOptions) {
    this.#options = options
    this.socketPath = join(options.stateDirectory, 'containerd.sock')
    this.#configPath = join(options.rootDirectory, 'config.toml')
    this.#pidPath = join(options.stateDirectory, 'containerd.pid')
    this.#logPath = join(options.rootDirectory, 'containerd.log')
  }

  async ensureRunning(): Promise<void> {
    if (this.#runningPid() === undefined) await this.#launch()
    await this.#waitUntilServing()
    await this.#ensurePauseImage()
  }

  async supervise(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    let waitMs = firstRestartMs
    while (!signal.aborted) {
      const sinceMs = clock.monotonicMs()
      await this.#untilDead(signal)
      if (signal.aborted) return
      if (clock.monotonicMs() - sinceMs > healthyAfterMs) waitMs = firstRestartMs
      log.warn('containerd died, starting it again', { waitMs })
      await clock.sleep(waitMs, signal)
      if (signal.aborted) return
      waitMs = Math.min(waitMs * 2, longestRestartMs)
      await this.ensureRunning().catch((error: unknown) => log.error('containerd did not start', { error }))
    }
  }

  async stop(): Promise<void> {
    const pid = this.#runningPid()
    if (pid === undefined) return
    process.kill(pid, 'SIGTERM')
    const deadlineMs = this.#options.clock.monotonicMs() + stopTimeoutMs
    while (this.#runningPid() !== undefined) {
      if (this.#options.clock.monotonicMs() > deadlineMs) process.kill(pid, 'SIGKILL')
      await this.#options.clock.sleep(20)
    }
    rmSync(this.#pidPath, { force: true })
  }

  async #launch(): Promise<void> {
    const { rootDirectory, stateDirectory, cniConfDirectory } = this.#options
    makePrivateDirectory(rootDirectory)
    // Container root file systems are mounted below: users inside must be able to pass through.
    mkdirSync(stateDirectory, { recursive: true, mode: 0o711 })
    mkdirSync(cniConfDirectory, { recursive: true })
    writeFileAtomically(this.#configPath, await this.#renderConfig())
    if (existsSync(this.#logPath) && statSync(this.#logPath).size > maxLogBytes) rmSync(this.#logPath)
    const logFile = openSync(this.#logPath, 'a', 0o600)
    try {
      const child = spawn('containerd', ['--config', this.#configPath, '--log-level', 'warn'], {
        detached: true,
        stdio: ['ignore', logFile, logFile],
      })
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', (cause) => reject(new Error(missingPackage, { cause })))
      })
      child.unref()
      writeFileSync(this.#pidPath, `${child.pid}\n`)
    } finally {
      closeSync(logFile)
    }
  }

  async #renderConfig(): Promise<string> {
    const { rootDirectory, stateDirectory, cniConfDirectory, cniBinDirectory = '/usr/lib/cni' } = this.#options
    return renderContainerdConfig({
      rootDirectory: join(rootDirectory, 'root'),
      stateDirectory: join(stateDirectory, 'state'),
      socketPath: this.socketPath,
      cniConfDirectory,
      cniBinDirectory,
      snapshotter: (await canMountOverlay(rootDirectory)) ? 'overlayfs' : 'native',
      restrictOomScoreAdj: !hasCapSysResource(),
    })
  }

  /** The process that the pid file names, if it still is our containerd: numbers are used again. */
  #runningPid(): number | undefined {
    const pid = Number(readFileIfThere(this.#pidPath))
    if (!Number.isInteger(pid) || pid <= 0) return undefined
    const commandLine = readFileIfThere(`/proc/${pid}/cmdline`)
    if (!commandLine?.includes(this.#configPath)) return undefined
    return isZombie(pid) ? undefined : pid
  }

  async #waitUntilServing(): Promise<void> {
    const { clock } = this.#options
    const deadlineMs = clock.monotonicMs() + startTimeoutMs
    for (;;) {
      if (await this.#isServing()) return
      const dead = this.#runningPid() === undefined
      if (dead || clock.monotonicMs() > deadlineMs) {
        throw new Error(`containerd did not come up; the end of ${this.#logPath} says: ${lastLine(this.#logPath)}`)
      }
      await clock.sleep(10)
    }
  }

  async #isServing(): Promise<boolean> {
    if (!existsSync(this.socketPath)) return false
    const cri = connectCri(this.socketPath)
    try {
      await cri.runtime.version({}, { timeoutMs: 1_000 })
      return true
    } catch {
      // Every failure here means "not yet"; the caller knows when to give up and shows containerd's own log.
      return false
    } finally {
      cri.close()
    }
  }

  /** Resolves when the event stream has ended and the process is gone. Costs nothing while it runs. */
  async #untilDead(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted && this.#runningPid() !== undefined) {
      const cri = connectCri(this.socketPath)
      try {
        // A filter that no topic matches: the open stream is all that is wanted.
        const stream = containerdEvents(cri.connection).subscribe({ filters: ['topic=="none"'] }, { signal })
        for await (const _ of stream);
      } catch (error) {
        if (!isUnavailable(error)) log.debug('containerd event stream ended', { error })
      } finally {
        cri.close()
      }
      await clock.sleep(50, signal)
    }
  }

  async #ensurePauseImage(): Promise<void> {
    const cri = connectCri(this.socketPath)
    try {
      const { image } = await cri.images.imageStatus({ image: { image: pauseImageReference } })
      if (image) return
    } catch (error) {
      if (!isNotFound(error)) throw error
    } finally {
      cri.close()
    }
    const archivePath = join(this.#options.rootDirectory, 'pause.tar')
    try {
      writeFileSync(archivePath, ociArchive(pauseImage(process.arch)))
      await importImage({ socketPath: this.socketPath, archivePath })
    } finally {
      rmSync(archivePath, { force: true })
    }
  }
}

const missingPackage = 'containerd could not be started; install it with: apt-get install containerd runc'

function isZombie(pid: number): boolean {
  return /^\d+ \(.*\) Z/s.test(readFileIfThere(`/proc/${pid}/stat`) ?? '')
}

function lastLine(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? ''
}
