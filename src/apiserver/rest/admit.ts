import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { AdmissionAttributes } from '../admission/admission.ts'
import type { ResourceRequest } from './resource-request.ts'

export interface AttributesOptions {
  readonly operation: AdmissionAttributes['operation']
  readonly name: string
  readonly object: KubeObject | undefined
  readonly oldObject: DeepReadonly<KubeObject> | undefined
  readonly options: Readonly<Record<string, unknown>>
  readonly dryRun: boolean
}

/** What admission plugins see of a request. */
export function admissionAttributes(request: ResourceRequest, given: AttributesOptions): AdmissionAttributes {
  const { definition, subresource, namespace, context } = request
  const { user, warnings } = context
  return { ...given, definition, subresource, namespace, user, warn: (text) => warnings.push(text) }
}
