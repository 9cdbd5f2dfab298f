import type { FieldError } from '../../../machinery/errors.ts'
import { invalidField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { DeviceClaim } from '../../types/resource/v1.ts'
import { checkSet } from './lists.ts'
import { checkLabelName } from './names.ts'

/** The requests of a claim, with the names of their alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>

const maxRequests = 32
const rule = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

export function requestNames(claim: DeepReadonly<DeviceClaim> = {}): RequestNames {
  return new Map(
    (claim.requests ?? []).map(({ name, firstAvailable = [] }) => [
      name,
      new Set(firstAvailable.map((sub) => sub.name)),
    ]),
  )
}

/** References to requests: `request` or `request/subrequest`, each once. After validateRequestNameRef. */
export function checkRequestReferences(
  references: readonly string[] | undefined,
  names: RequestNames,
  path: string,
  errors: FieldError[],
): void {
  const check = (name: string, at: string) => checkRequestReference(name, names, at, errors)
  checkSet(references, { most: maxRequests, check, key: (name) => name }, path, errors)
}

export function checkRequestReference(name: string, names: RequestNames, path: string, errors: FieldError[]): void {
  const segments = name.split('/')
  if (segments.length <= 2) for (const segment of segments) checkLabelName(segment, path, errors)
  if (segments.length > 2 || !isKnown(segments, names)) errors.push(invalidField(path, name, rule))
}

function isKnown([request = '', subrequest]: readonly string[], names: RequestNames): boolean {
  const subrequests = names.get(request)
  return subrequests !== undefined && (subrequest === undefined || subrequests.has(subrequest))
}
