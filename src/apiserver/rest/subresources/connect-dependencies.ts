import type { AdmissionChain } from '../../admission/admission.ts'
import type { Authorizer } from '../../authorization/authorizer.ts'
import type { ObjectReader } from '../../object-reader.ts'
import type { KubeletClientOptions } from './connect-location.ts'

/** What the handlers of connect subresources need of the API server they are part of. */
export interface ConnectOptions {
  readonly reader: ObjectReader
  readonly authorizer: Authorizer
  readonly admission: AdmissionChain
  readonly kubelet: KubeletClientOptions
}
