import { watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChangeSignal } from '../../platform/change-signal.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { ConfigurationError } from './configuration-file.ts'

/** Told of what becomes of a file. */
export interface FileObserver {
  opened(text: string): void
  reloaded(text: string): void
  failed(): void
}

export interface FollowedFileOptions<T> {
  readonly path: string
  /** Throws a ConfigurationError for a file that makes no sense. */
  readonly parse: (text: string) => T | Promise<T>
  readonly clock: Clock
  readonly log: Logger
  /** How often the file is looked at, beside being told of changes; once a minute if not given, as upstream. */
  readonly pollMs?: number
  readonly observer?: FileObserver
}

/** What a configuration file says, now and as it changes. */
export interface FollowedFile<T> {
  current(): T
  /** Takes changes up until `signal` aborts. A file that makes no sense is reported, and what was before stays. */
  follow(signal: AbortSignal): Promise<void>
}

const defaultPollMs = 60_000

/** Rejects with a ConfigurationError. */
export async function openFollowedFile<T>(options: FollowedFileOptions<T>): Promise<FollowedFile<T>> {
  const { path, parse, log, observer } = options
  let text = await read(path)
  let current = await parse(text)
  observer?.opened(text)
  const look = async () => {
    try {
      const found = await read(path)
      if (found === text) return
      text = found
      current = await parse(found)
      observer?.reloaded(found)
      log.info('a configuration file changed', { path })
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      observer?.failed()
      log.error('a configuration file cannot be used, what it said before stays', { path, error })
    }
  }
  return {
    current: () => current,
    async follow(signal) {
      const changes = new ChangeSignal()
      const polling = poll(changes, options, signal)
      watchFolder(changes, options, signal)
      while (await changes.next(signal)) await look()
      await polling
    },
  }
}

/** File systems that tell nothing are looked at now and then. */
async function poll(
  changes: ChangeSignal,
  { clock, pollMs = defaultPollMs }: Pick<FollowedFileOptions<unknown>, 'clock' | 'pollMs'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(pollMs, signal)
    changes.notify()
  }
}

/** Its folder, since a file that is replaced, as ConfigMaps in Pods are, is another file afterwards. */
function watchFolder(
  changes: ChangeSignal,
  { path, log }: Pick<FollowedFileOptions<unknown>, 'path' | 'log'>,
  signal: AbortSignal,
): void {
  try {
    const watcher = watch(dirname(path), { signal, persistent: false }, changes.notify)
    watcher.on('error', (error) => log.warn('the folder of a configuration file is not watched', { path, error }))
  } catch (error) {
    log.warn('the folder of a configuration file is not watched', { path, error })
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(`error opening configuration file ${JSON.stringify(path)}: ${why}`, { cause: error })
  }
}
