import { forbidden } from '../../machinery/errors.ts'
import { pathSegmentName } from '../../machinery/object-names.ts'
import { StatusError } from '../../machinery/status.ts'
import type { AdmissionAttributes } from './admission.ts'

/** A plugin's 403 about the object being written. After apiserver admission/errors.go NewForbidden v1.36. */
export function refuse(attributes: AdmissionAttributes, why: string): StatusError {
  const { group, plural: resource } = attributes.definition
  return forbidden({ group, resource }, nameOf(attributes), why)
}

/** A name that is yet to be generated is shown as what it begins with. */
function nameOf({ name, object }: AdmissionAttributes): string {
  return name || object?.metadata?.name || object?.metadata?.generateName || 'Unknown'
}

/** Whether a write is of this resource, such as `pods` or `ingresses.networking.k8s.io`, and of no subresource of it. */
export function concerns({ definition, subresource }: AdmissionAttributes, group: string, plural: string): boolean {
  return subresource === '' && definition.plural === plural && definition.group === group
}

/** Why no client of upstream's would even ask for an object of this name. After client-go rest Request.Name. */
export function unaskable(name: string): string | undefined {
  if (name === '') return 'resource name may not be empty'
  const why = pathSegmentName(name, false)
  return why.length === 0 ? undefined : `invalid resource name ${JSON.stringify(name)}: [${why.join(' ')}]`
}

/** What upstream's plugins fail with where they make no refusal of it: a 500 that is nothing but its words. */
export function failure(message: string): StatusError {
  return new StatusError({ code: 500, message })
}
