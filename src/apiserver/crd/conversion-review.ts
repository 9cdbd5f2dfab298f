import { apiVersionOf, type DeepReadonly, type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { type Status, StatusError } from '../../machinery/status.ts'

export type ConversionReviewVersion = 'v1' | 'v1beta1'

const group = 'apiextensions.k8s.io'
const reviewKind = 'ConversionReview'

export interface ConversionRequest {
  readonly uid: string
  readonly desiredAPIVersion: string
  readonly objects: readonly DeepReadonly<KubeObject>[]
}

/** The first of a webhook's versions that is known here. Throws a StatusError when there is none. */
export function conversionReviewVersion(versions: readonly string[]): ConversionReviewVersion {
  const known = versions.find((version) => version === 'v1' || version === 'v1beta1')
  if (known) return known
  throw new StatusError({ code: 500, message: 'no supported conversion review versions' })
}

/** What is sent. Both versions have the same fields; Go's client sends the empty response along. */
export function conversionReview(version: ConversionReviewVersion, request: ConversionRequest): object {
  return {
    kind: reviewKind,
    apiVersion: apiVersionOf({ group, version }),
    request,
    response: { uid: '', convertedObjects: null, result: { metadata: {} } },
  }
}

interface ConversionResponse {
  readonly uid?: string
  readonly convertedObjects?: readonly unknown[] | null
  readonly result?: Partial<Status>
}

/**
 * The objects of an answer. Throws with upstream's words. After getConvertedObjectsFromResponse of
 * apiextensions-apiserver pkg/apiserver/conversion/webhook_converter.go v1.36.
 */
export function convertedObjects(
  { apiVersion, response }: ConversionReview,
  version: ConversionReviewVersion,
  uid: string,
): readonly unknown[] {
  const expected = apiVersionOf({ group, version })
  if (apiVersion !== expected) {
    throw new Error(
      `expected webhook response of ${kindText(expected, reviewKind)}, got ${kindText(apiVersion, reviewKind)}`,
    )
  }
  if (!response) throw new Error('no response provided')
  // v1beta1 was never as strict.
  if (version === 'v1' && (response.uid ?? '') !== uid) {
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`)
  }
  const { status = '', message } = response.result ?? {}
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`)
  return response.convertedObjects ?? []
}

/** An answer, whatever it says. */
export interface ConversionReview {
  readonly apiVersion: string
  readonly response?: ConversionResponse
}

/** Throws for an answer that is no review. After the decoder of client-go's REST client, which looks at the kind first. */
export function readReview(answer: unknown): ConversionReview {
  const review = (answer ?? {}) as { kind?: string; apiVersion?: string; response?: ConversionResponse }
  const missing = (what: string) => new Error(`Object '${what}' is missing in '${JSON.stringify(answer)}'`)
  if (!review.kind) throw missing('Kind')
  if (!review.apiVersion) throw missing('apiVersion')
  if (review.kind !== reviewKind || parseApiVersion(review.apiVersion).group !== group) {
    const why = `no kind ${JSON.stringify(review.kind)} is registered for version ${JSON.stringify(review.apiVersion)}`
    throw new Error(`${why} in scheme "k8s.io/apiserver/pkg/util/webhook/client.go:71"`)
  }
  return { ...review, apiVersion: review.apiVersion }
}

/** As Go prints a GroupVersionKind. */
export function kindText(apiVersion: string, kind: string): string {
  const { group, version } = parseApiVersion(apiVersion)
  return `${group}/${version}, Kind=${kind}`
}
