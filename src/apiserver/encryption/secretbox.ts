import { randomBytes } from 'node:crypto'
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js'
import { type Cipher, requireLength } from './ciphers.ts'

const nonceBytes = 24
const tagBytes = 16

/** XSalsa20 and Poly1305: nonce, tag, ciphertext. After apiserver storage/value/encrypt/secretbox v1.36. */
export function secretbox(secret: Uint8Array): Cipher {
  return {
    seal(plain) {
      const nonce = randomBytes(nonceBytes)
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(plain)])
    },
    open(sealed) {
      requireLength(sealed, nonceBytes + tagBytes)
      const nonce = sealed.subarray(0, nonceBytes)
      return xsalsa20poly1305(secret, nonce).decrypt(sealed.subarray(nonceBytes))
    },
  }
}
