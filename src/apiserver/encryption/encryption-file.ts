import { readFile } from 'node:fs/promises'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { ConfigurationError } from '../configuration/configuration-file.ts'
import type { ValueEncryption } from '../rest/value-codec.ts'
import { parseEncryptionConfiguration } from './configuration.ts'
import { createEncryption } from './encryption.ts'
import { createResourceOfKey } from './resource-of-key.ts'

export interface EncryptionFileOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Logger
  /** How often the file is looked at for changes; once a minute if not given, as upstream. */
  readonly pollMs?: number
}

/** Encryption by a file. What it says may change while the server runs. */
export interface EncryptionFile {
  readonly encryption: ValueEncryption
  /** Takes changes of the file up until `signal` aborts. A file that makes no sense is reported, the last good one stays. */
  follow(signal: AbortSignal): Promise<void>
}

const defaultPollMs = 60_000

/**
 * Reads an EncryptionConfiguration. Rejects with a ConfigurationError. After apiserver server/options/encryptionconfig
 * and its controller v1.36.
 */
export async function openEncryptionFile(options: EncryptionFileOptions): Promise<EncryptionFile> {
  const { path, clock, log, pollMs = defaultPollMs } = options
  const resourceOf = createResourceOfKey()
  let text = await readConfiguration(path)
  let current = await encryptionOf(text, resourceOf)
  return {
    encryption: {
      encrypt: (key, plain) => current.encrypt(key, plain),
      decrypt: (key, value) => current.decrypt(key, value),
      isStale: (key, value) => current.isStale(key, value),
    },
    async follow(signal) {
      for (;;) {
        await clock.sleep(pollMs, signal)
        if (signal.aborted) return
        try {
          const found = await readConfiguration(path)
          if (found === text) continue
          current = await encryptionOf(found, resourceOf)
          text = found
          log.info('the encryption configuration changed', { path })
        } catch (error) {
          if (!(error instanceof ConfigurationError)) throw error
          log.error('the encryption configuration cannot be used, the one before stays', { path, error })
        }
      }
    },
  }
}

async function readConfiguration(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigurationError(
      `error opening encryption provider configuration file ${JSON.stringify(path)}: ${why}`,
      {
        cause: error,
      },
    )
  }
}

async function encryptionOf(
  text: string,
  resourceOf: ReturnType<typeof createResourceOfKey>,
): Promise<ValueEncryption> {
  const rules = parseEncryptionConfiguration(text)
  const wantsSecretbox = rules.some(({ providers }) => providers.some(({ type }) => type === 'secretbox'))
  if (!wantsSecretbox) return createEncryption({ rules, resourceOf })
  const { secretbox } = await import('./secretbox.ts')
  return createEncryption({ rules, resourceOf, secretbox })
}
