import { randomUUID } from 'node:crypto'
import type { CustomResourceDefinition } from '../../api/types/apiextensions/v1.ts'
import { type DeepReadonly, type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Held } from '../object-reader.ts'
import type { WebhookClient, WebhookClientConfig } from '../webhook/webhook-client.ts'
import type { ConversionFailure, ConversionMetrics } from './conversion-metrics.ts'
import {
  conversionReview,
  conversionReviewVersion,
  convertedObjects,
  kindText,
  readReview,
} from './conversion-review.ts'
import { checkedObjects } from './converted-objects.ts'

/** How objects become another version: all at once, in their order. Rejects with a StatusError. */
export type ConvertObjects = (
  objects: readonly DeepReadonly<KubeObject>[],
  apiVersion: string,
) => Promise<readonly KubeObject[]>

export interface ConversionServices {
  readonly webhookClient: WebhookClient
  readonly conversionMetrics: ConversionMetrics
}

/** After the default of apiserver util/webhook authentication.go v1.36. */
const timeoutMs = 30_000

/**
 * The conversion that a definition's webhook does. Objects that have the version already are not sent. After
 * apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go v1.36.
 */
export function webhookConverter(
  definition: Held<CustomResourceDefinition>,
  services: ConversionServices,
): ConvertObjects {
  return async (objects, apiVersion) => {
    const others = objects.filter((object) => object.apiVersion !== apiVersion)
    if (others.length === 0) return objects as readonly KubeObject[]
    const converted = (await measured({ definition, services, objects: others, apiVersion })).values()
    return objects.map((object) =>
      object.apiVersion === apiVersion ? (object as KubeObject) : converted.next().value!,
    )
  }
}

interface Conversion {
  readonly definition: Held<CustomResourceDefinition>
  readonly services: ConversionServices
  /** At least one. Errors say of which kind the first is. */
  readonly objects: readonly DeepReadonly<KubeObject>[]
  /** The version they are to have. */
  readonly apiVersion: string
}

class ConversionError extends Error {
  readonly failure: ConversionFailure

  constructor(failure: ConversionFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.failure = failure
  }
}

async function measured(conversion: Conversion): Promise<readonly KubeObject[]> {
  const { definition, services, objects, apiVersion } = conversion
  const { nowMs, observe } = services.conversionMetrics
  const startMs = nowMs()
  const note = (failure?: ConversionFailure) =>
    observe({
      definition: definition.metadata.name,
      fromVersion: parseApiVersion(objects[0]!.apiVersion ?? '').version,
      toVersion: parseApiVersion(apiVersion).version,
      elapsedMs: nowMs() - startMs,
      failure,
    })
  try {
    const converted = await convert(conversion)
    note()
    return converted
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error
    note(error.failure)
    throw new StatusError({ code: 500, message: error.message }, { cause: error })
  }
}

async function convert({ definition, services, objects, apiVersion }: Conversion): Promise<readonly KubeObject[]> {
  const { clientConfig, conversionReviewVersions } = definition.spec.conversion!.webhook!
  const version = conversionReviewVersion(conversionReviewVersions)
  const first = objects[0]!
  const webhook = `conversion webhook for ${kindText(first.apiVersion ?? '', first.kind ?? '')}`
  const uid = randomUUID()
  const { webhookClient } = services
  const review = await failing('conversion_webhook_call_failure', `${webhook} failed: `, async () => {
    const body = conversionReview(version, { uid, desiredAPIVersion: apiVersion, objects: objects.map(asSent) })
    return readReview(await webhookClient.call(webhookClient.target(trimmed(clientConfig!)), { body, timeoutMs }))
  })
  const converted = await failing('conversion_webhook_malformed_response_failure', `${webhook} failed: `, () =>
    convertedObjects(review, version, uid),
  )
  if (converted.length !== objects.length) {
    const message = `${webhook} returned ${converted.length} objects, expected ${objects.length}`
    throw new ConversionError('conversion_webhook_partial_response_failure', message)
  }
  return failing('conversion_webhook_invalid_converted_object_failure', '', () =>
    checkedObjects({ webhook, originals: objects, converted, desiredAPIVersion: apiVersion }),
  )
}

async function failing<T>(failure: ConversionFailure, prefix: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw new ConversionError(failure, prefix + (error as Error).message, { cause: error })
  }
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
