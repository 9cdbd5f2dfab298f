import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { describe, test } from 'node:test'
import 'reflect-metadata'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import { refusal, write } from '../../../test/support/admission.ts'
import { builtInResources } from '../../api/all.ts'
import { certificateSigningRequests, configMaps, pods } from '../../api/types/resources.ts'
import type { KubeObject, OwnerReference } from '../../machinery/object.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import { createRegistry } from '../registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from './certificates.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'

const described = ({ verb, group, version, resource, subresource, namespace, name }: AuthorizationAttributes) =>
  `${verb} ${group}/${version}/${resource}${subresource && `/${subresource}`} ${namespace}/${name}`

/** Remembers what it was asked, and allows only what is listed. */
function authorizerOf(may: readonly string[], asked: string[]): Authorizer {
  return {
    authorize: async (attributes: AuthorizationAttributes) => {
      asked.push(described(attributes))
      return { allowed: may.includes(described(attributes)), reason: 'not you' }
    },
  } as Authorizer
}

interface Row {
  readonly title: string
  readonly attributes: AdmissionAttributes
  readonly may?: readonly string[]
  readonly asked: readonly string[]
  readonly why?: string
}

function rowsOf(plugin: (authorizer: Authorizer) => AdmissionPlugin, rows: readonly Row[]): void {
  for (const { title, attributes, may = [], asked, why } of rows) {
    test(title, async () => {
      const questions: string[] = []
      assert.equal(await refusal(plugin(authorizerOf(may, questions)), attributes), why)
      assert.deepEqual(questions, asked)
    })
  }
}

const signerName = 'example.com/shop'
const signers = 'certificates.k8s.io/*/signers'
const onSigner = (verb: string) => [`${verb} ${signers} /example.com/shop`, `${verb} ${signers} /example.com/*`]
const requestWith = (status: object, spec: object = { signerName }) =>
  ({ metadata: { name: 'r' }, spec, status }) as KubeObject
const change = (subresource: string, object: KubeObject, oldObject: KubeObject) =>
  write(certificateSigningRequests, { operation: 'UPDATE', subresource, object, oldObject })
const approved = { conditions: [{ type: 'Approved', status: 'True' }] }

describe('CertificateApproval', () => {
  rowsOf(certificateApproval, [
    {
      title: 'asks by name and by domain',
      attributes: change('approval', requestWith(approved), requestWith({})),
      asked: onSigner('approve'),
      why: 'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with signerName "example.com/shop"',
    },
    {
      title: 'lets those in who may use the signer',
      attributes: change('approval', requestWith(approved), requestWith({})),
      may: onSigner('approve').slice(0, 1),
      asked: onSigner('approve').slice(0, 1),
    },
    {
      title: 'lets those in who may use all of the domain',
      attributes: change('approval', requestWith(approved), requestWith({})),
      may: onSigner('approve').slice(1),
      asked: onSigner('approve'),
    },
    {
      title: 'asks for the signer that was there',
      attributes: change('approval', requestWith(approved, { signerName: 'mine/x' }), requestWith({})),
      may: onSigner('approve').slice(1),
      asked: onSigner('approve'),
    },
    { title: 'is of approvals', attributes: change('status', requestWith(approved), requestWith({})), asked: [] },
  ])
})

describe('CertificateSigning', () => {
  const why =
    'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to sign requests with signerName "example.com/shop"'
  rowsOf(certificateSigning, [
    {
      title: 'asks of a certificate',
      attributes: change('status', requestWith({ certificate: 'QQ==' }), requestWith({})),
      asked: onSigner('sign'),
      why,
    },
    {
      title: 'asks of a condition',
      attributes: change('status', requestWith(approved), requestWith({})),
      asked: onSigner('sign'),
      why,
    },
    {
      title: 'asks nothing of a write that changes neither',
      attributes: change(
        'status',
        requestWith({ conditions: [{ status: 'True', type: 'Approved' }] }),
        requestWith(approved),
      ),
      asked: [],
    },
    {
      title: 'is of statuses',
      attributes: change('approval', requestWith({ certificate: 'QQ==' }), requestWith({})),
      asked: [],
    },
  ])
})

describe('ClusterTrustBundleAttest', () => {
  const bundle = (spec: object, metadata: object = {}) =>
    ({ metadata: { name: 'b', ...metadata }, spec: { trustBundle: 'pem', ...spec } }) as KubeObject
  const why =
    'clustertrustbundles.certificates.k8s.io "b" is forbidden: user not permitted to attest for signerName "example.com/shop"'
  // Bundles are not among the kinds served.
  const { definition: requests } = write(certificateSigningRequests, {})
  const definition = { ...requests, kind: 'ClusterTrustBundle', plural: 'clustertrustbundles' }
  const create = (object: KubeObject) => write(certificateSigningRequests, { definition, object })
  const update = (object: KubeObject, oldObject: KubeObject) =>
    write(certificateSigningRequests, { operation: 'UPDATE', definition, object, oldObject })
  rowsOf(clusterTrustBundleAttest, [
    {
      title: "asks of a signer's bundle",
      attributes: create(bundle({ signerName })),
      asked: onSigner('attest'),
      why,
    },
    {
      title: 'asks nothing of a bundle without a signer',
      attributes: create(bundle({})),
      asked: [],
    },
    {
      title: 'asks of labels',
      attributes: update(bundle({ signerName }, { labels: { a: 'b' } }), bundle({ signerName })),
      asked: onSigner('attest'),
      why,
    },
    {
      title: "asks nothing of the garbage collector's writes",
      attributes: update(bundle({ signerName }), bundle({ signerName }, { finalizers: ['orphan'] })),
      asked: [],
    },
  ])
})

async function requestFor(name: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: algorithm })
  return Buffer.from(request.toString('pem')).toString('base64')
}

describe('CertificateSubjectRestriction', () => {
  const clientSigner = 'kubernetes.io/kube-apiserver-client'
  const rows = [
    { title: 'lets a name in', name: 'CN=a, O=team', signer: clientSigner },
    {
      title: 'refuses administrators',
      name: 'CN=a, O=team, O=system:masters',
      signer: clientSigner,
      why: 'certificatesigningrequests.certificates.k8s.io "r" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    },
    { title: 'leaves other signers alone', name: 'CN=a, O=system:masters', signer: signerName },
  ]
  for (const { title, name, signer, why } of rows) {
    test(title, async () => {
      const object = requestWith({}, { signerName: signer, request: await requestFor(name) })
      const attributes = write(certificateSigningRequests, { object })
      assert.equal(await refusal(certificateSubjectRestriction, attributes), why)
    })
  }
})

describe('OwnerReferencesPermissionEnforcement', () => {
  const registry = createRegistry(builtInResources)
  const owner = (given: Partial<OwnerReference> = {}): OwnerReference => {
    return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: '1', ...given }
  }
  const owned = (...ownerReferences: OwnerReference[]): KubeObject => {
    return { metadata: { name: 'a', namespace: 'shop', ownerReferences } }
  }
  const update = (object: KubeObject, oldObject: KubeObject, subresource = '') =>
    write(pods, { operation: 'UPDATE', object, oldObject, subresource })
  const blocking = owner({ blockOwnerDeletion: true })
  const deletion = 'delete /v1/pods shop/a'
  const anything = 'update */*/*/finalizers /*'
  const finalizing = 'update apps/v1/replicasets/finalizers shop/web'
  const forbidden = 'pods "a" is forbidden: '
  const cannotFinalize = `${forbidden}cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: not you, <nil>`
  const enforcement = (authorizer: Authorizer) => ownerReferencesPermissionEnforcement({ authorizer, registry })

  rowsOf(enforcement, [
    { title: 'asks nothing without owners', attributes: write(pods, { object: owned() }), asked: [] },
    { title: 'asks nothing of a new object', attributes: write(pods, { object: owned(owner()) }), asked: [] },
    { title: 'asks nothing of owners that stay', attributes: update(owned(blocking), owned(blocking)), asked: [] },
    {
      title: 'wants deletion of who changes owners',
      attributes: update(owned(owner()), owned()),
      asked: [deletion],
      why: `${forbidden}cannot set an ownerRef on a resource you can't delete: not you, <nil>`,
    },
    {
      title: 'wants deletion of who takes owners away',
      attributes: update(owned(), owned(owner())),
      may: [deletion],
      asked: [deletion],
    },
    {
      title: "wants the owner's finalizers of who blocks",
      attributes: write(pods, { object: owned(blocking) }),
      asked: [anything, finalizing],
      why: cannotFinalize,
    },
    {
      title: "takes the owner's finalizers",
      attributes: write(pods, { object: owned(blocking) }),
      may: [finalizing],
      asked: [anything, finalizing],
    },
    {
      title: 'takes those of everything',
      attributes: write(pods, { object: owned(blocking) }),
      may: [anything],
      asked: [anything],
    },
    {
      title: 'wants them when a reference becomes blocking',
      attributes: update(owned(blocking), owned(owner({ blockOwnerDeletion: false }))),
      may: [deletion],
      asked: [deletion, anything, finalizing],
      why: cannotFinalize,
    },
    {
      title: 'wants them only of references that begin to block',
      attributes: update(owned(blocking, owner({ uid: '2', name: 'two' })), owned(blocking)),
      may: [deletion],
      asked: [deletion],
    },
    {
      title: 'asks for owners of the cluster without a namespace',
      attributes: write(pods, {
        object: owned(owner({ apiVersion: 'v1', kind: 'Node', name: 'n', blockOwnerDeletion: true })),
      }),
      asked: [anything, 'update /v1/nodes/finalizers /n'],
      why: cannotFinalize,
    },
    {
      title: 'refuses blocking of what nobody knows',
      attributes: write(pods, {
        object: owned(owner({ apiVersion: 'example.com/v1', kind: 'Foo', blockOwnerDeletion: true })),
      }),
      asked: [anything],
      why: `${forbidden}cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion example.com/v1 Kind Foo: no matches for kind "Foo" in version "example.com/v1"`,
    },
    {
      title: "leaves Pods' statuses alone",
      attributes: update(owned(owner()), owned(), 'status'),
      asked: [],
    },
    {
      title: 'asks of any other subresource',
      attributes: write(configMaps, {
        operation: 'UPDATE',
        subresource: 'status',
        object: owned(owner()),
        oldObject: owned(),
      }),
      may: ['delete /v1/configmaps/status shop/a'],
      asked: ['delete /v1/configmaps/status shop/a'],
    },
  ])
})
