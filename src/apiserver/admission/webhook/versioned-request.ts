import type { AdmissionAttributes } from '../admission.ts'
import type { VersionedRequest } from './admission-review.ts'
import { convertObject } from './convert.ts'
import type { RequestMatch } from './match-request.ts'

/** The objects of a request in the matched version. */
export function versionedRequest(attributes: AdmissionAttributes, match: RequestMatch): VersionedRequest {
  const { definition, object, oldObject } = attributes
  return {
    attributes,
    match,
    object: object && convertObject(object, definition, match.definition),
    oldObject: oldObject && convertObject(oldObject, definition, match.definition),
  }
}
