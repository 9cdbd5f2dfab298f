import { isDeepStrictEqual } from 'node:util'
import type { CertificateSigningRequest } from '../../api/types/certificates/v1.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import { changesOnlyOwnership } from '../authorization/escalation.ts'
import type { UserInfo } from '../request.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { certificateSubject } from './certificate-request.ts'
import { refuse } from './refuse.ts'

const certificatesGroup = 'certificates.k8s.io'
const clientSigner = 'kubernetes.io/kube-apiserver-client'

/** Who approves a request must be allowed to `approve` for its signer. After plugin/pkg/admission/certificates/approval. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    handles: ['UPDATE'],
    async validate(attributes) {
      if (!isRequest(attributes, 'approval')) return
      const { signerName } = (attributes.oldObject as DeepReadonly<CertificateSigningRequest>).spec
      if (await mayUseSigner(authorizer, attributes.user, 'approve', signerName)) return
      throw refuse(attributes, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`)
    },
  }
}

/** Who issues a certificate must be allowed to `sign` for its signer. After plugin/pkg/admission/certificates/signing. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    handles: ['UPDATE'],
    async validate(attributes) {
      if (!isRequest(attributes, 'status')) return
      const old = attributes.oldObject as DeepReadonly<CertificateSigningRequest>
      const { status } = attributes.object as CertificateSigningRequest
      const same =
        status?.certificate === old.status?.certificate &&
        isDeepStrictEqual(status?.conditions ?? [], old.status?.conditions ?? [])
      if (same || (await mayUseSigner(authorizer, attributes.user, 'sign', old.spec.signerName))) return
      throw refuse(
        attributes,
        `user not permitted to sign requests with signerName ${JSON.stringify(old.spec.signerName)}`,
      )
    },
  }
}

/** Who publishes a bundle must be allowed to `attest` for its signer. After plugin/pkg/admission/certificates/ctbattest. */
export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    handles: ['CREATE', 'UPDATE'],
    async validate(attributes) {
      const { definition, object, oldObject, user } = attributes
      if (definition.group !== certificatesGroup || definition.plural !== 'clustertrustbundles') return
      const { signerName } = (object as TrustBundle).spec ?? {}
      if (!signerName || (oldObject && changesOnlyOwnership(object!, oldObject))) return
      if (await mayUseSigner(authorizer, user, 'attest', signerName)) return
      throw refuse(attributes, `user not permitted to attest for signerName ${JSON.stringify(signerName)}`)
    },
  }
}

interface TrustBundle extends KubeObject {
  readonly spec?: { readonly signerName?: string }
}

/** Nobody becomes an administrator by a certificate request. After plugin/pkg/admission/certificates/subjectrestriction. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  handles: ['CREATE'],
  async validate(attributes) {
    if (!isRequest(attributes, '')) return
    const { signerName, request } = (attributes.object as CertificateSigningRequest).spec
    if (signerName !== clientSigner) return
    if ((await organizationsOf(attributes, request)).includes('system:masters')) {
      throw refuse(attributes, `use of ${clientSigner} signer with system:masters group is not allowed`)
    }
  },
}

function isRequest({ definition, subresource }: AdmissionAttributes, wanted: string): boolean {
  return (
    definition.group === certificatesGroup &&
    definition.plural === 'certificatesigningrequests' &&
    subresource === wanted
  )
}

async function organizationsOf(attributes: AdmissionAttributes, request: string): Promise<readonly string[]> {
  try {
    return (await certificateSubject(request)).organizations
  } catch (error) {
    throw refuse(attributes, `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** By the signer's own name, or by all of its domain. */
async function mayUseSigner(
  authorizer: Authorizer,
  user: UserInfo,
  verb: string,
  signerName: string,
): Promise<boolean> {
  const attributes = (name: string): AuthorizationAttributes => ({
    user,
    verb,
    isResourceRequest: true,
    group: certificatesGroup,
    version: '*',
    resource: 'signers',
    subresource: '',
    name,
    namespace: '',
    path: '',
  })
  if ((await authorizer.authorize(attributes(signerName))).allowed) return true
  return (await authorizer.authorize(attributes(`${signerName.split('/')[0]}/*`))).allowed
}
