import type { KubeObject } from '../../../machinery/object.ts'
import type { AdmissionAttributes, AdmissionChain } from '../../admission/admission.ts'
import type { RequestContext } from '../../request.ts'
import type { SubresourceTarget } from './handler.ts'

/** Lets the admission plugins see a connect request; the object they see is its options. */
export async function admitConnect(
  admission: AdmissionChain,
  context: RequestContext,
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
    user: context.user,
    signal: context.signal,
    warn: (text) => context.warnings.push(text),
    annotate: (key, value, level) => context.annotate?.(key, value, level),
  }
  await admission.mutate(attributes)
  await admission.validate(attributes)
}
