import { randomUUID } from 'node:crypto'
import type { CustomResourceDefinition } from '../../api/types/apiextensions/v1.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import { isJsonObject } from '../../machinery/structural-schema/values.ts'
import type { Held } from '../object-reader.ts'
import type { WebhookClient, WebhookClientConfig } from '../webhook/webhook-client.ts'
import {
  type ConversionReviewVersion,
  conversionReview,
  conversionReviewVersion,
  convertedObjects,
  kindText,
} from './conversion-review.ts'
import { assertSameObject, withMetadataOf } from './converted-metadata.ts'

/** How objects become another version: all at once, in their order. Rejects with a StatusError. */
export type ConvertObjects = (
  objects: readonly DeepReadonly<KubeObject>[],
  apiVersion: string,
) => Promise<readonly KubeObject[]>

/** After the default of apiserver util/webhook authentication.go v1.36. */
const timeoutMs = 30_000

/**
 * The conversion that a definition's webhook does. Objects that have the version already are not sent. After
 * apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go v1.36.
 */
export function webhookConverter({ spec }: Held<CustomResourceDefinition>, client: WebhookClient): ConvertObjects {
  const { clientConfig, conversionReviewVersions } = spec.conversion!.webhook!
  const callIn =
    (version: ConversionReviewVersion): ConvertCall =>
    async (objects, desiredAPIVersion) => {
      const uid = randomUUID()
      const body = conversionReview(version, { uid, desiredAPIVersion, objects: objects.map(asSent) })
      const target = client.target(trimmed(clientConfig!))
      return convertedObjects(await client.call(target, { body, timeoutMs }), version, uid)
    }
  return async (objects, apiVersion) => {
    const others = objects.filter((object) => object.apiVersion !== apiVersion)
    if (others.length === 0) return objects as readonly KubeObject[]
    const call = callIn(conversionReviewVersion(conversionReviewVersions))
    const converted = (await convert(others, apiVersion, call)).values()
    return objects.map((object) =>
      object.apiVersion === apiVersion ? (object as KubeObject) : converted.next().value!,
    )
  }
}

type ConvertCall = (objects: readonly DeepReadonly<KubeObject>[], apiVersion: string) => Promise<readonly unknown[]>

/** Rejects with a StatusError, which says of which kind the first object was. */
async function convert(
  objects: readonly DeepReadonly<KubeObject>[],
  desiredAPIVersion: string,
  call: ConvertCall,
): Promise<readonly KubeObject[]> {
  const { apiVersion = '', kind = '' } = objects[0]!
  const webhook = `conversion webhook for ${kindText(apiVersion, kind)}`
  try {
    const answered = await call(objects, desiredAPIVersion).catch((error) => fail(`${webhook} failed`, error))
    if (answered.length !== objects.length) {
      throw new Error(`${webhook} returned ${answered.length} objects, expected ${objects.length}`)
    }
    const check = objects.length === 1 ? checkedObject : checkedItem
    return answered.map((converted, index) =>
      check({ webhook, index, original: objects[index]!, converted, desiredAPIVersion }),
    )
  } catch (error) {
    throw new StatusError({ code: 500, message: (error as Error).message }, { cause: error })
  }
}

function fail(what: string, error: unknown): never {
  throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
}

/** White space where certificates should be counts as none. */
function trimmed({ caBundle, ...config }: DeepReadonly<WebhookClientConfig>): WebhookClientConfig {
  const isBlank = caBundle === undefined || Buffer.from(caBundle, 'base64').toString().trim() === ''
  return isBlank ? config : { ...config, caBundle }
}

/** As it lies in the store, where it has no version yet. */
function asSent(object: DeepReadonly<KubeObject>): DeepReadonly<KubeObject> {
  if (object.metadata?.resourceVersion === undefined) return object
  const { resourceVersion: _resourceVersion, ...metadata } = object.metadata
  return { ...object, metadata }
}

interface Converted {
  /** What errors begin with. */
  readonly webhook: string
  readonly index: number
  readonly original: DeepReadonly<KubeObject>
  readonly converted: unknown
  readonly desiredAPIVersion: string
}

/** An object that was sent alone. Throws, in words of its own, when it is not what it should be. */
function checkedObject(given: Converted): KubeObject {
  const { webhook, original } = given
  const object = objectOf(given.converted)
  explained(`${webhook} returned invalid object at index 0`, () => assertKind(object, given))
  explained(`${webhook} returned invalid object`, () => assertSameObject(original, object))
  return explained(`${webhook} returned invalid metadata`, () => withMetadataOf(original, object))
}

/** One of several objects. */
function checkedItem(given: Converted): KubeObject {
  const { webhook, original, index } = given
  const invalid = `${webhook} returned invalid converted object at index ${index}`
  const object = explained(invalid, () => objectOf(given.converted))
  explained(invalid, () => assertKind(object, given))
  explained(invalid, () => assertSameObject(original, object))
  return explained(`${webhook} returned invalid metadata in object at index ${index}`, () =>
    withMetadataOf(original, object),
  )
}

function explained<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    return fail(what, error)
  }
}

function objectOf(converted: unknown): KubeObject {
  if (isJsonObject(converted) && typeof converted.kind === 'string' && converted.kind !== '') return converted
  throw new Error(`Object 'Kind' is missing in '${JSON.stringify(converted)}'`)
}

function assertKind({ apiVersion = '', kind = '' }: KubeObject, { original, desiredAPIVersion }: Converted): void {
  if (apiVersion !== desiredAPIVersion) {
    throw new Error(`invalid groupVersion (expected ${desiredAPIVersion}, received ${apiVersion})`)
  }
  if (kind !== original.kind) throw new Error(`invalid kind (expected ${original.kind}, received ${kind})`)
}
