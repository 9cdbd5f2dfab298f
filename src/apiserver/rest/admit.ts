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
  const { user, warnings, signal } = context
  return {
    ...given,
    verb: context.info.verb,
    definition,
    subresource,
    namespace,
    user,
    signal,
    warn: (text) => warnings.push(text),
    annotate: (key, value, level) => context.annotate?.(key, value, level),
  }
}
