import type { AdmissionAttributes } from '../admission.ts'
import type { VersionedRequest } from './admission-review.ts'
import { convertObject } from './convert.ts'
import type { RequestMatch } from './match-request.ts'

/** The objects of a request in the matched version. Rejects with a StatusError when they cannot be converted. */
export async function versionedRequest(
  attributes: AdmissionAttributes,
  match: RequestMatch,
): Promise<VersionedRequest> {
  const { definition, object, oldObject } = attributes
  return {
    attributes,
    match,
    object: object && (await convertObject(object, definition, match.definition)),
    oldObject: oldObject && (await convertObject(oldObject, definition, match.definition)),
  }
}
