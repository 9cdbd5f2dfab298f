import type { ValueEncryption } from '../rest/value-codec.ts'
import { aesCbc, aesGcm, type Cipher } from './ciphers.ts'
import type { EncryptionKey, EncryptionProvider, EncryptionRule, GroupResource } from './configuration.ts'

/** What all encrypted values begin with. */
const encryptedPrefix = Buffer.from('k8s:enc:')

/** One key of one provider; values written with it begin with `prefix`. Without one: as they are. */
interface Layer {
  readonly prefix: Buffer
  readonly cipher: Cipher | undefined
}

export interface EncryptionOptions {
  readonly rules: readonly EncryptionRule[]
  readonly resourceOf: (key: string) => GroupResource | undefined
  /** Its library is loaded only where it is used. */
  readonly secretbox?: (secret: Uint8Array) => Cipher
}

const plainLayers: readonly Layer[] = [{ prefix: Buffer.alloc(0), cipher: undefined }]

/**
 * Values encrypted by the rules of a configuration: the first key of a resource writes, all of them read. They lie as
 * `k8s:enc:<provider>:v1:<key>:` and the sealed value, as upstream lays them. After apiserver storage/value v1.36.
 */
export function createEncryption(options: EncryptionOptions): ValueEncryption {
  const layersOf = layersByResource(options)
  const layersAt = (key: string): readonly Layer[] => {
    const resource = options.resourceOf(key)
    return (resource && layersOf(resource)) ?? plainLayers
  }
  return {
    encrypt(key, plain) {
      const { prefix, cipher } = layersAt(key)[0]!
      return cipher ? Buffer.concat([prefix, cipher.seal(plain, Buffer.from(key))]) : plain
    },
    decrypt: (key, value) => open(value, Buffer.from(key), layersAt(key)),
    isStale(key, value) {
      const { prefix, cipher } = layersAt(key)[0]!
      return cipher ? !startsWith(value, prefix) : startsWith(value, encryptedPrefix)
    },
  }
}

/** A resource by itself, its whole group, everything: the closest rule counts. */
function layersByResource({
  rules,
  secretbox,
}: EncryptionOptions): (resource: GroupResource) => readonly Layer[] | undefined {
  const layers = new Map<string, Layer[]>()
  const keyOf = ({ group, resource }: GroupResource) => `${resource}.${group}`
  for (const { resources, providers } of rules) {
    const added = providers.flatMap((provider) => layersOfProvider(provider, secretbox))
    for (const resource of resources) layers.set(keyOf(resource), [...(layers.get(keyOf(resource)) ?? []), ...added])
  }
  return (resource) =>
    layers.get(keyOf(resource)) ??
    layers.get(keyOf({ ...resource, resource: '*' })) ??
    layers.get(keyOf({ group: '*', resource: '*' }))
}

function layersOfProvider(provider: EncryptionProvider, secretbox: EncryptionOptions['secretbox']): readonly Layer[] {
  if (provider.type === 'identity') return plainLayers
  const { type } = provider
  const cipher = { aesgcm: aesGcm, aescbc: aesCbc, secretbox }[type]
  if (!cipher) throw new Error('the cipher of secretbox is not loaded')
  return provider.keys.map(({ name, secret }: EncryptionKey) => ({
    prefix: Buffer.from(`k8s:enc:${type}:v1:${name}:`),
    cipher: cipher(secret),
  }))
}

/** Several keys may have one name, in the middle of a rotation: each is tried. */
function open(value: Uint8Array, context: Uint8Array, layers: readonly Layer[]): Uint8Array {
  const failures: Error[] = []
  for (const { prefix, cipher } of layers) {
    if (!cipher) {
      if (!startsWith(value, encryptedPrefix)) return value
      continue
    }
    if (!startsWith(value, prefix)) continue
    try {
      return cipher.open(value.subarray(prefix.length), context)
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)))
    }
  }
  const [failure] = failures
  if (failure) throw failure
  const isOnlyPlain = layers.every(({ cipher }) => cipher === undefined)
  throw new Error(isOnlyPlain ? 'identity transformer tried to read encrypted data' : 'no matching prefix found')
}

function startsWith(value: Uint8Array, prefix: Uint8Array): boolean {
  return value.length >= prefix.length && Buffer.compare(value.subarray(0, prefix.length), prefix) === 0
}
