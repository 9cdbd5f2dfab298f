import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Seals values with one key. `context` is where a value lies: a copy laid elsewhere does not open. */
export interface Cipher {
  seal(plain: Uint8Array, context: Uint8Array): Uint8Array
  /** Throws when the value was sealed with another key, or changed since. */
  open(sealed: Uint8Array, context: Uint8Array): Uint8Array
}

const nonceBytes = 12
const tagBytes = 16
const blockBytes = 16

/** Nonce, ciphertext, tag. After apiserver storage/value/encrypt/aes NewGCMTransformer v1.36. */
export function aesGcm(secret: Uint8Array): Cipher {
  const algorithm = `aes-${(secret.length * 8) as 128 | 192 | 256}-gcm` as const
  return {
    seal(plain, context) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(context)
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, context) {
      requireLength(sealed, nonceBytes + tagBytes)
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
      decipher.setAAD(context).setAuthTag(sealed.subarray(sealed.length - tagBytes))
      return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, sealed.length - tagBytes)), decipher.final()])
    },
  }
}

/** Initial vector, padded ciphertext; nothing vouches for it. After encrypt/aes NewCBCTransformer v1.36. */
export function aesCbc(secret: Uint8Array): Cipher {
  const algorithm = `aes-${secret.length * 8}-cbc`
  return {
    seal(plain) {
      const vector = randomBytes(blockBytes)
      const cipher = createCipheriv(algorithm, secret, vector)
      return Buffer.concat([vector, cipher.update(plain), cipher.final()])
    },
    open(sealed) {
      requireLength(sealed, blockBytes)
      if (sealed.length % blockBytes !== 0) throw new Error('the stored data is not a multiple of the block size')
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, blockBytes))
      return Buffer.concat([decipher.update(sealed.subarray(blockBytes)), decipher.final()])
    },
  }
}

export function requireLength(sealed: Uint8Array, least: number): void {
  if (sealed.length < least) throw new Error('the stored data was shorter than the required size')
}
