import type { CertificateSigningRequest } from '../../api/types/certificates/v1.ts'
import type { AdmissionAttributes } from './admission.ts'
import { type CertificateSubject, certificateSubject } from './certificate-request.ts'
import { refuse } from './refuse.ts'

const kubeletSigners: readonly string[] = [
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/kube-apiserver-client-kubelet',
]

/** A kubelet asks for certificates of its own node alone. After plugin/pkg/admission/noderestriction admitCSR v1.36. */
export async function admitNodeCertificateRequest(node: string, attributes: AdmissionAttributes): Promise<void> {
  if (attributes.operation !== 'CREATE') return
  const { signerName, request } = (attributes.object as CertificateSigningRequest).spec
  if (!kubeletSigners.includes(signerName)) return
  let subject: CertificateSubject
  try {
    subject = await certificateSubject(request)
  } catch (error) {
    throw refuse(attributes, `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`)
  }
  const wanted = `system:node:${node}`
  if (subject.commonName !== wanted) throw refuse(attributes, `can only create a node CSR with CN=${wanted}`)
}
