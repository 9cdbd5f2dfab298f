import { schemaForKind } from '../../../api/schema/schema.ts'
import type { AdmissionRequest, AdmissionResponse, AdmissionReview } from '../../../api/types/admission/v1.ts'
import { decodeOwned } from '../../../machinery/decode.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import type { Status } from '../../../machinery/status.ts'
import type { AdmissionAttributes } from '../admission.ts'
import type { RequestMatch } from './match-request.ts'
import { requestKind, requestNamespace, resourceOf } from './request-kind.ts'

/** A request as the matched version shows it. */
export interface VersionedRequest {
  readonly attributes: AdmissionAttributes
  readonly match: RequestMatch
  readonly object: DeepReadonly<KubeObject> | undefined
  readonly oldObject: DeepReadonly<KubeObject> | undefined
}

export type ReviewVersion = 'v1' | 'v1beta1'

/** The first of a webhook's versions that is known here. Throws when there is none. */
export function reviewVersion(versions: readonly string[]): ReviewVersion {
  const known = versions.find((version): version is ReviewVersion => version === 'v1' || version === 'v1beta1')
  if (known) return known
  throw new Error('webhook does not accept known AdmissionReview versions (v1, v1beta1)')
}

/** What is sent. Both versions have the same fields. After apiserver webhook/request v1.36. */
export function admissionReview(uid: string, version: ReviewVersion, request: VersionedRequest): KubeObject {
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: { uid, ...admissionRequest(request), ...objectsOf(request) },
  } as KubeObject
}

/** What webhooks and CEL expressions see of a request, apart from the objects. */
export function admissionRequest({
  attributes,
  match,
}: Pick<VersionedRequest, 'attributes' | 'match'>): Omit<AdmissionRequest, 'uid' | 'object' | 'oldObject' | 'options'> {
  const { definition, subresource, name, operation, dryRun } = attributes
  const namespace = requestNamespace(attributes)
  return {
    kind: match.kind,
    resource: match.resource,
    ...(subresource !== '' && { subResource: subresource }),
    requestKind: requestKind(attributes),
    requestResource: resourceOf(definition),
    ...(subresource !== '' && { requestSubResource: subresource }),
    ...(name !== '' && { name }),
    ...(namespace !== '' && { namespace }),
    operation,
    userInfo: userInfoOf(attributes),
    dryRun,
  }
}

function userInfoOf({ user: { name, uid, groups, extra } }: AdmissionAttributes): AdmissionRequest['userInfo'] {
  return {
    ...(name !== '' && { username: name }),
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(Object.keys(extra).length > 0 && { extra: extra as Record<string, string[]> }),
  }
}

/** Go writes raw extensions without a value as null. */
function objectsOf({ object, oldObject, attributes: { options } }: VersionedRequest): Record<string, unknown> {
  return {
    object: object ?? null,
    oldObject: oldObject ?? null,
    options: Object.keys(options).length > 0 ? options : null,
  }
}

export interface ReviewResponse {
  readonly allowed: boolean
  readonly status: Partial<Status> | undefined
  /** JSON, as text. */
  readonly patch: string | undefined
  readonly patchType: string
  readonly auditAnnotations: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

export interface ExpectedResponse {
  readonly uid: string
  readonly version: ReviewVersion
  readonly mutating: boolean
}

/** Reads and checks an answer; throws with upstream's words. After VerifyAdmissionResponse v1.36. */
export function verifyResponse(answer: unknown, expected: ExpectedResponse): ReviewResponse {
  const review = decodeReview(answer)
  const { response } = review
  if (!response) throw new Error('webhook response was absent')
  if (expected.version === 'v1') assertV1(review, response, expected)
  const { allowed, status, patch, patchType = '', auditAnnotations = {}, warnings = [] } = response
  return {
    allowed: allowed === true,
    status,
    patch: expected.mutating && patch ? Buffer.from(patch, 'base64').toString() : undefined,
    // Which v1beta1 never asked for.
    patchType: expected.version === 'v1' ? patchType : 'JSONPatch',
    auditAnnotations,
    warnings,
  }
}

/** Both versions have the same form. Throws a DecodeError. */
function decodeReview(answer: unknown): AdmissionReview {
  const schema = schemaForKind({ group: 'admission.k8s.io', version: 'v1', kind: 'AdmissionReview' })
  return decodeOwned(answer, schema).object as AdmissionReview
}

/** v1beta1 was never as strict. */
function assertV1(
  { apiVersion = '', kind = '' }: AdmissionReview,
  { uid = '', patch = '', patchType }: Partial<AdmissionResponse>,
  expected: ExpectedResponse,
): void {
  if (uid !== expected.uid) {
    throw new Error(`expected response.uid=${JSON.stringify(expected.uid)}, got ${JSON.stringify(uid)}`)
  }
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') {
    const got = `${apiVersion === '' ? '/' : apiVersion}, Kind=${kind}`
    throw new Error(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${got}`)
  }
  const hasType = patchType !== undefined
  if (!expected.mutating) {
    if (patch !== '') throw new Error('validating webhook may not return response.patch')
    if (hasType) throw new Error('validating webhook may not return response.patchType')
    return
  }
  if (patch !== '' && !hasType) throw new Error('webhook returned response.patch but not response.patchType')
  if (patch === '' && hasType) throw new Error('webhook returned response.patchType but not response.patch')
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""')
}
