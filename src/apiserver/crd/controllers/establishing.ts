import { X509Certificate } from 'node:crypto'
import type { CustomResourceDefinition } from '../../../api/types/apiextensions/v1.ts'
import type { DeepReadonly } from '../../../machinery/object.ts'
import type { NewCondition } from '../conditions.ts'

const notAccepted: NewCondition = {
  type: 'Established',
  status: 'False',
  reason: 'NotAccepted',
  message: 'not all names are accepted',
}
const established: NewCondition = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
}
const invalidBundle: NewCondition = {
  type: 'Established',
  status: 'False',
  reason: 'InvalidCABundle',
  message: 'The conversion webhook CABundle is invalid',
}

/**
 * Whether a definition is to be served: from when its names are accepted on, for ever, whatever happens to its names
 * later. `undefined`: as it is. After apiextensions-apiserver controller/establish establishing_controller.go v1.36;
 * there is no state in between as upstream has it ("Installing"), since all that serves a definition reads it from
 * where this is written.
 */
export function establish(
  { spec }: DeepReadonly<CustomResourceDefinition>,
  old: { readonly status: string } | undefined,
  namesAccepted: boolean,
): NewCondition | undefined {
  if (old?.status === 'True') return undefined
  if (!namesAccepted) return old ? undefined : notAccepted
  const bundle = spec.conversion?.webhook?.clientConfig?.caBundle
  return bundle !== undefined && !isCertificates(bundle) ? invalidBundle : established
}

/** Whether base64 holds PEM certificates. One that is white space only counts as none. */
function isCertificates(bundle: string): boolean {
  const pem = Buffer.from(bundle, 'base64').toString()
  if (pem.trim() === '') return true
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (!blocks) return false
  try {
    for (const block of blocks) new X509Certificate(block)
    return true
  } catch {
    // Whatever is wrong with it, it is no certificate.
    return false
  }
}
