import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { openFollowedFile } from '../configuration/followed-file.ts'
import type { ValueEncryption } from '../rest/value-codec.ts'
import { parseEncryptionConfiguration } from './configuration.ts'
import { createEncryption } from './encryption.ts'
import { createResourceOfKey } from './resource-of-key.ts'

export interface EncryptionFileOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Logger
  readonly pollMs?: number
}

/** Encryption by a file. What it says may change while the server runs. */
export interface EncryptionFile {
  readonly encryption: ValueEncryption
  /** Takes changes of the file up until `signal` aborts: --encryption-provider-config-automatic-reload. */
  follow(signal: AbortSignal): Promise<void>
}

/**
 * Reads an EncryptionConfiguration. Rejects with a ConfigurationError. After apiserver server/options/encryptionconfig
 * and its controller v1.36.
 */
export async function openEncryptionFile(options: EncryptionFileOptions): Promise<EncryptionFile> {
  const resourceOf = createResourceOfKey()
  const file = await openFollowedFile({ ...options, parse: (text) => encryptionOf(text, resourceOf) })
  return {
    encryption: {
      encrypt: (key, plain) => file.current().encrypt(key, plain),
      decrypt: (key, value) => file.current().decrypt(key, value),
      isStale: (key, value) => file.current().isStale(key, value),
    },
    follow: (signal) => file.follow(signal),
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
