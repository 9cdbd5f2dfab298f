import type { ValueCodec } from '../../store/store.ts'
import { RestingValue, StorageForm, Unreadable } from './stored-object.ts'
import { upstreamValue } from './stored-value.ts'

/** Encrypts values, each under its key, and knows which of them lie as the configuration wants them now. */
export interface ValueEncryption {
  encrypt(key: string, plain: Uint8Array): Uint8Array
  /** Throws when no configured key opens the value. */
  decrypt(key: string, value: Uint8Array): Uint8Array
  /** Whether a value that lies like this would now be written otherwise: with another key, or not encrypted at all. */
  isStale(key: string, value: Uint8Array): boolean
}

export interface ValueCodecOptions {
  /** `json`: this server's own form, the fastest. `upstream`: as kube-apiserver writes it, so that either can go on. */
  readonly encoding: 'json' | 'upstream'
  readonly encryption?: ValueEncryption
}

/** How long the start of a value is that names provider and key: `k8s:enc:secretbox:v1:` and a name. */
const prefixBytes = 256

/** How objects lie at rest. Values that are no objects (markers, other servers' records) stay as they are. */
export function createValueCodec({ encoding, encryption }: ValueCodecOptions): ValueCodec {
  const restingAt = (key: string, value: Uint8Array) => {
    const start = value.slice(0, prefixBytes)
    return new RestingValue(() => encryption?.isStale(key, start) ?? false)
  }
  return {
    toRest(key, value, attachment) {
      const form = attachment instanceof StorageForm ? attachment : undefined
      const plain = form && encoding === 'upstream' ? upstreamValue(form.object) : value
      if (!encryption) return plain
      const atRest = encryption.encrypt(key, plain)
      if (form) form.atRest = restingAt(key, atRest)
      return atRest
    },
    fromRest(key, value) {
      if (!encryption) return { value, attachment: undefined }
      try {
        return { value: encryption.decrypt(key, value), attachment: restingAt(key, value) }
      } catch (error) {
        return { value, attachment: new Unreadable(error instanceof Error ? error : new Error(String(error))) }
      }
    },
  }
}
