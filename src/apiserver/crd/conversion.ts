import type { Conversion, RemoteConversion } from '../../api/resource-definition.ts'
import { type DeepReadonly, type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import { canonicalCustom } from './custom-form.ts'
import type { VersionSchemas } from './version-schemas.ts'
import type { ConvertObjects } from './webhook-converter.ts'

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

/** As `noConversion`, where a webhook makes one version of another. */
export function remoteConversion(options: ConversionOptions, convert: ConvertObjects): Conversion {
  const { apiVersion, storageApiVersion, schemas } = options
  const own = noConversion(options)
  return {
    storageApiVersion,
    toStorage(object) {
      assertVersion(object, storageApiVersion)
      return own.toStorage(object)
    },
    fromStorage(stored) {
      assertVersion(stored, apiVersion)
      return own.fromStorage(stored)
    },
    remote: {
      async toVersion(object, wanted) {
        const [converted] = await convert([object], wanted)
        return canonicalCustom(converted!, schemas.of(parseApiVersion(wanted).version))
      },
      fromStorage: shared(async (stored) => {
        const drafts = stored.map((object) => storedDraft(object, schemas))
        const schema = schemas.of(parseApiVersion(apiVersion).version)
        return (await convert(drafts, apiVersion)).map((object) => canonicalCustom(object, schema))
      }),
    },
  }
}

function assertVersion(object: DeepReadonly<KubeObject>, apiVersion: string): void {
  if (object.apiVersion !== apiVersion) throw new Error(`a ${object.apiVersion} is ${apiVersion} only after a call`)
}

/** Calls once for an object that is asked about again while the call lasts, by whomever. */
function shared(convert: RemoteConversion['fromStorage']): RemoteConversion['fromStorage'] {
  const pending = new WeakMap<DeepReadonly<KubeObject>, Promise<KubeObject>>()
  return async (objects) => {
    const fresh = objects.filter((object) => !pending.has(object))
    const called = fresh.length === 0 ? undefined : convert(fresh)
    for (const [index, object] of fresh.entries()) {
      const converted = called!.then((all) => all[index]!).finally(() => pending.delete(object))
      pending.set(object, converted)
    }
    return Promise.all(objects.map((object) => pending.get(object)!))
  }
}

/**
 * A stored object as its own version would have it today: the schema may have changed since. Throws a StatusError for a
 * version that the definition no longer has. After crConverter.ConvertToVersion of converter.go.
 */
function storedDraft(stored: DeepReadonly<KubeObject>, schemas: VersionSchemas): KubeObject {
  const { apiVersion = '' } = stored
  const { version } = parseApiVersion(apiVersion)
  if (!schemas.has(version)) {
    const message = `request to convert CR from an invalid group/version: ${apiVersion}`
    throw new StatusError({ code: 500, message })
  }
  const draft = canonicalCustom(stored as KubeObject, schemas.of(version))
  draft.metadata ??= {}
  draft.metadata.generation ??= 1
  schemas.applyDefaults(draft, version)
  return draft
}
