import { readFile } from 'node:fs/promises'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { ConfigurationError } from './configuration-file.ts'

export interface FollowedFileOptions<T> {
  readonly path: string
  /** Throws a ConfigurationError for a file that makes no sense. */
  readonly parse: (text: string) => T | Promise<T>
  readonly clock: Clock
  readonly log: Logger
  /** How often the file is looked at for changes; once a minute if not given, as upstream. */
  readonly pollMs?: number
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
  const { path, parse, clock, log, pollMs = defaultPollMs } = options
  let text = await read(path)
  let current = await parse(text)
  return {
    current: () => current,
    async follow(signal) {
      for (;;) {
        await clock.sleep(pollMs, signal)
        if (signal.aborted) return
        try {
          const found = await read(path)
          if (found === text) continue
          current = await parse(found)
          text = found
          log.info('a configuration file changed', { path })
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw error
          log.error('a configuration file cannot be used, what it said before stays', { path, error })
        }
      }
    },
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
