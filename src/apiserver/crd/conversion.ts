import type { Conversion } from '../../api/resource-definition.ts'
import { type DeepReadonly, type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { canonicalCustom } from './custom-form.ts'
import type { VersionSchemas } from './version-schemas.ts'

export interface ConversionOptions {
  /** The version that is served. */
  readonly apiVersion: string
  readonly storageApiVersion: string
  readonly schemas: VersionSchemas
}

/**
 * Objects are stored in one version and served in another, of which nothing but the name differs; what the other's
 * schema does not know goes. After nop_converter.go and crdConversionRESTOptionsGetter of apiextensions-apiserver v1.36.
 */
export function noConversion({ apiVersion, storageApiVersion, schemas }: ConversionOptions): Conversion {
  const inVersion = (object: KubeObject, wanted: string) => {
    return canonicalCustom({ ...object, apiVersion: wanted }, schemas.of(parseApiVersion(wanted).version))
  }
  return {
    storageApiVersion,
    toStorage: (object) => inVersion(object, storageApiVersion),
    fromStorage(stored) {
      const draft = storedDraft(stored, schemas)
      return stored.apiVersion === apiVersion ? draft : inVersion(draft, apiVersion)
    },
  }
}

/** A stored object as its own version would have it today: the schema may have changed since. */
export function storedDraft(stored: DeepReadonly<KubeObject>, schemas: VersionSchemas): KubeObject {
  const { version } = parseApiVersion(stored.apiVersion ?? '')
  const draft = canonicalCustom(stored as KubeObject, schemas.of(version))
  draft.metadata ??= {}
  draft.metadata.generation ??= 1
  schemas.applyDefaults(draft, version)
  return draft
}
