import type { KubeObject } from '../../../machinery/object.ts'
import type { AdmissionAttributes, AdmissionChain } from '../../admission/admission.ts'
import type { RequestContext } from '../../request.ts'
import type { SubresourceTarget } from './handler.ts'

/** Lets the admission plugins see a connect request; the object they see is its options. */
export async function admitConnect(
  admission: AdmissionChain,
  { user, warnings }: RequestContext,
  target: SubresourceTarget,
  options: KubeObject,
): Promise<void> {
  const attributes: AdmissionAttributes = {
    operation: 'CONNECT',
    ...target,
    object: options,
    oldObject: undefined,
    options: {},
    dryRun: false,
    user,
    warn: (text) => warnings.push(text),
  }
  await admission.mutate(attributes)
  await admission.validate(attributes)
}
