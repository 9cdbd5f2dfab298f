import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { refusal, write } from '../../../test/support/admission.ts'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import type { CertificateSigningRequest, CertificateSigningRequestSpec } from '../../api/types/certificates/v1.ts'
import type { Node, PersistentVolumeClaim, Pod } from '../../api/types/core/v1.ts'
import {
  certificateSigningRequests,
  csiDrivers,
  csiNodes,
  leases,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  resourceSlices,
  serviceAccounts,
} from '../../api/types/resources.ts'
import type { KubeObject } from '../../machinery/object.ts'
import type { AdmissionAttributes } from './admission.ts'
import { nodeRestriction } from './node-restriction.ts'

const user = { name: 'system:node:n1', groups: ['system:nodes'], extra: {} }
const by = (ref: Parameters<typeof write>[0], given: Parameters<typeof write>[1]) => write(ref, { user, ...given })

const node = (name: string, spec?: Node['spec'], metadata: Partial<Node['metadata']> = {}): Node => {
  return { metadata: { name, ...metadata }, ...(spec && { spec }) }
}
const pod = (given: Partial<Pod['metadata']> = {}, spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name: 'a', namespace: 'shop', ...given },
  spec: { nodeName: 'n1', containers: [{ name: 'c' }], ...spec },
})
const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'uid-of-n1', controller: true }
const mirror = (given: Partial<Pod['metadata']> = {}, spec: Partial<Pod['spec']> = {}) =>
  pod({ annotations: { 'kubernetes.io/config.mirror': 'x' }, ownerReferences: [owner], ...given }, spec)
const claim = (status: NonNullable<PersistentVolumeClaim['status']>, metadata = {}): PersistentVolumeClaim => {
  return { metadata: { name: 'c', namespace: 'shop', ...metadata }, spec: {}, status }
}

const csi = { csi: { driver: 'disks.example.com' } }
const projected = { sources: [{ serviceAccountToken: { path: 't', audience: 'vault' } }] }
const volumes = [
  { name: 'token', projected },
  { name: 'inline', ...csi },
  { name: 'disk', persistentVolumeClaim: { claimName: 'disk' } },
]
const reader = new FakeReader()
  .put(nodes, node('n1'))
  .put(pods, pod({}, { volumes }), pod({ name: 'elsewhere' }, { nodeName: 'n2' }))
  .put(csiDrivers, {
    metadata: { name: 'disks.example.com' },
    spec: { tokenRequests: [{ audience: 'disks' }] },
  })
  .put(persistentVolumeClaims, { metadata: { name: 'disk', namespace: 'shop' }, spec: { volumeName: 'pv' } })
  .put(persistentVolumes, { metadata: { name: 'pv' }, spec: { azureFile: { secretName: 's', shareName: 's' } } })
  .put(csiDrivers, { metadata: { name: 'file.csi.azure.com' }, spec: { tokenRequests: [{ audience: 'azure' }] } })

const token = (given: object = {}, audiences?: string[] | null) =>
  by(serviceAccounts, {
    subresource: 'token',
    name: 'app',
    object: {
      spec: {
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'uid-of-a', ...given },
        ...(audiences !== undefined && { audiences }),
      },
    } as never,
  })

let requests: Record<string, string>
before(async () => {
  await import('reflect-metadata')
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }
  requests = {}
  for (const name of ['n1', 'n2']) {
    const made = await Pkcs10CertificateRequestGenerator.create({
      name: `CN=system:node:${name}, O=system:nodes`,
      keys,
      signingAlgorithm,
    })
    requests[name] = Buffer.from(made.toString('pem')).toString('base64')
  }
})

const requestOf = (spec: CertificateSigningRequestSpec): KubeObject => {
  return { metadata: { name: 'r' }, spec } as CertificateSigningRequest
}
const withStatus = (status: Pod['status']): KubeObject => ({ ...pod(), status }) as Pod
const certificate = (name: string, signerName = 'kubernetes.io/kubelet-serving') =>
  by(certificateSigningRequests, {
    object: requestOf({ request: requests[name]!, signerName, usages: [] }),
  })

const slice = (nodeName: string) => ({
  metadata: { name: 's' },
  spec: { driver: 'd', nodeName, pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
})

interface Row {
  readonly title: string
  readonly attributes: () => AdmissionAttributes
  /** What is said after `… is forbidden: `, or the whole message; undefined: it may be done. */
  readonly why?: string
}

const update = { operation: 'UPDATE' } as const
const rows: Row[] = [
  { title: 'registers its node', attributes: () => by(nodes, { object: node('n1') }) },
  {
    title: 'registers no other node',
    attributes: () => by(nodes, { object: node('n2') }),
    why: 'node "n1" is not allowed to modify node "n2"',
  },
  {
    title: 'sets no restricted label',
    attributes: () => by(nodes, { object: node('n1', {}, { labels: { 'node-restriction.kubernetes.io/a': 'b' } }) }),
    why: 'node "n1" is not allowed to set the following labels: node-restriction.kubernetes.io/a',
  },
  {
    title: 'sets labels of its own and of others',
    attributes: () =>
      by(nodes, {
        object: node('n1', {}, { labels: { 'kubernetes.io/os': 'linux', 'kubelet.kubernetes.io/x': 'y', mine: 'z' } }),
      }),
  },
  {
    title: 'names no source of its configuration',
    attributes: () => by(nodes, { object: node('n1', { configSource: {} }) }),
    why: 'node "n1" is not allowed to create pods with a non-nil configSource',
  },
  {
    title: 'changes no unknown label of upstream',
    attributes: () =>
      by(nodes, {
        ...update,
        object: node('n1', {}, { labels: { 'x.k8s.io/a': 'b' } }),
        oldObject: node('n1') as never,
      }),
    why: 'is not allowed to modify labels: x.k8s.io/a',
  },
  {
    title: 'takes no taint away',
    attributes: () =>
      by(nodes, {
        ...update,
        object: node('n1'),
        oldObject: node('n1', { taints: [{ key: 'a', effect: 'NoSchedule' }] }) as never,
      }),
    why: 'node "n1" is not allowed to modify taints',
  },
  {
    title: 'gives its node no owner',
    attributes: () =>
      by(nodes, { ...update, object: node('n1', {}, { ownerReferences: [owner] }), oldObject: node('n1') as never }),
    why: 'node "n1" is not allowed to modify ownerReferences',
  },
  { title: 'creates mirror Pods', attributes: () => by(pods, { object: mirror() }) },
  {
    title: 'creates no other Pods',
    attributes: () => by(pods, { object: pod() }),
    why: 'pod does not have "kubernetes.io/config.mirror" annotation, node "n1" can only create mirror pods',
  },
  {
    title: 'creates none for another node',
    attributes: () => by(pods, { object: mirror({}, { nodeName: 'n2' }) }),
    why: 'node "n1" can only create pods with spec.nodeName set to itself',
  },
  {
    title: 'owns what it creates',
    attributes: () => by(pods, { object: mirror({ ownerReferences: [] }) }),
    why: 'node "n1" can only create pods with an owner reference set to itself',
  },
  {
    title: 'is the only owner',
    attributes: () => by(pods, { object: mirror({ ownerReferences: [owner, owner] }) }),
    why: 'node "n1" can only create pods with a single owner reference set to itself',
  },
  {
    title: 'is the controller',
    attributes: () => by(pods, { object: mirror({ ownerReferences: [{ ...owner, controller: false }] }) }),
    why: 'node "n1" can only create pods with a controller owner reference set to itself',
  },
  {
    title: 'does not hold itself up',
    attributes: () => by(pods, { object: mirror({ ownerReferences: [{ ...owner, blockOwnerDeletion: true }] }) }),
    why: 'node "n1" must not set blockOwnerDeletion on an owner reference',
  },
  {
    title: 'is the node that is there now',
    attributes: () => by(pods, { object: mirror({ ownerReferences: [{ ...owner, uid: 'x' }] }) }),
    why: 'node n1 UID mismatch: expected x got uid-of-n1',
  },
  {
    title: 'creates none that reads a Secret',
    attributes: () => by(pods, { object: mirror({}, { volumes: [{ name: 's', secret: { secretName: 'x' } }] }) }),
    why: 'node "n1" can not create pods that reference secrets',
  },
  {
    title: 'changes no Pod',
    attributes: () => by(pods, { ...update, object: pod(), oldObject: pod() as never }),
    why: 'unexpected operation "UPDATE", node "n1" can only create and delete mirror pods',
  },
  { title: 'deletes its Pods', attributes: () => by(pods, { operation: 'DELETE', name: 'a' }) },
  {
    title: 'deletes no Pods of others',
    attributes: () => by(pods, { operation: 'DELETE', name: 'elsewhere' }),
    why: 'node "n1" can only delete pods with spec.nodeName set to itself',
  },
  {
    title: 'evicts no Pods of others',
    attributes: () => by(pods, { subresource: 'eviction', name: 'elsewhere' }),
    why: 'node n1 can only evict pods with spec.nodeName set to itself',
  },
  {
    title: 'binds no Pods',
    attributes: () => by(pods, { subresource: 'binding', name: 'a' }),
    why: "unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed",
  },
  {
    title: 'tells the status of its Pods, whatever order their labels come in',
    attributes: () =>
      by(pods, {
        ...update,
        subresource: 'status',
        object: pod({ labels: { a: 'b', c: 'd' } }),
        oldObject: pod({ labels: { c: 'd', a: 'b' } }) as never,
      }),
  },
  {
    title: 'labels no Pods by their status',
    attributes: () =>
      by(pods, { ...update, subresource: 'status', object: pod({ labels: { a: 'b' } }), oldObject: pod() as never }),
    why: 'node "n1" cannot update labels through pod status',
  },
  {
    title: 'gives Pods no claims',
    attributes: () =>
      by(pods, {
        ...update,
        subresource: 'status',
        object: withStatus({ resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'b' }] }),
        oldObject: pod() as never,
      }),
    why: 'node "n1" cannot update resource claim statues',
  },
  {
    title: 'gives Pods no extended resources',
    attributes: () =>
      by(pods, {
        ...update,
        subresource: 'status',
        object: withStatus({ extendedResourceClaimStatus: { requestMappings: [], resourceClaimName: 'b' } }),
        oldObject: pod() as never,
      }),
    why: 'node "n1" cannot update extended resource claim status',
  },
  {
    title: 'tells how a claim has grown',
    attributes: () =>
      by(persistentVolumeClaims, {
        ...update,
        subresource: 'status',
        object: claim({ phase: 'Bound', capacity: { storage: '2Gi' } }),
        oldObject: claim({ phase: 'Bound' }, { resourceVersion: '7' }) as never,
      }),
  },
  {
    title: 'tells nothing else of a claim',
    attributes: () =>
      by(persistentVolumeClaims, {
        ...update,
        subresource: 'status',
        object: claim({ phase: 'Lost' }),
        oldObject: claim({ phase: 'Bound' }) as never,
      }),
    why: 'node "n1" is not allowed to update fields other than status.quantity and status.conditions',
  },
  {
    title: 'changes no claims',
    attributes: () => by(persistentVolumeClaims, { ...update, object: claim({}), oldObject: claim({}) as never }),
    why: 'may only update PVC status',
  },
  { title: 'gets a token for a volume', attributes: () => token({}, ['vault']) },
  { title: 'gets a token for a driver of a volume', attributes: () => token({}, ['disks']) },
  { title: 'gets a token for the driver of a claim of old', attributes: () => token({}, ['azure']) },
  ...[null, undefined].map((audiences) => ({
    title: `gets no token for the server itself that no volume asks for, by audiences that are ${audiences}`,
    attributes: () => token({}, audiences),
    why: 'audience "" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
  })),
  {
    title: 'gets no token for anybody',
    attributes: () => token({ kind: 'Secret' }),
    why: 'node requested token not bound to a pod',
  },
  {
    title: 'gets no token for any Pod of a name',
    attributes: () => token({ uid: '' }),
    why: 'node requested token with a pod binding without a uid',
  },
  {
    title: 'gets no token for a Pod from before',
    attributes: () => token({ uid: 'x' }),
    why: 'the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated',
  },
  {
    title: 'gets no token for a Pod elsewhere',
    attributes: () => token({ name: 'elsewhere', uid: 'uid-of-elsewhere' }),
    why: 'node requested token bound to a pod scheduled on a different node',
  },
  {
    title: 'gets no token for several',
    attributes: () => token({}, ['vault', 'disks']),
    why: 'node may only request 0 or 1 audiences',
  },
  {
    title: 'gets no token for what the Pod does not speak to',
    attributes: () => token({}, ['bank']),
    why: 'audience "bank" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience',
  },
  { title: 'gets a token for what it is allowed to', attributes: () => token({}, ['allowed']) },
  { title: 'keeps its lease', attributes: () => by(leases, { namespace: 'kube-node-lease', object: node('n1') }) },
  {
    title: 'keeps no other lease',
    attributes: () => by(leases, { namespace: 'kube-node-lease', ...update, name: 'n2' }),
    why: 'can only access node lease with the same name as the requesting node',
  },
  {
    title: 'keeps no lease elsewhere',
    attributes: () => by(leases, { object: node('n1') }),
    why: 'can only access leases in the "kube-node-lease" system namespace',
  },
  {
    title: 'tells its drivers alone',
    attributes: () => by(csiNodes, { object: { ...node('n2'), spec: { drivers: [] } } as never }),
    why: 'can only access CSINode with the same name as the requesting node',
  },
  { title: 'publishes its devices', attributes: () => by(resourceSlices, { object: slice('n1') }) },
  {
    title: 'publishes no devices of others',
    attributes: () => by(resourceSlices, { object: slice('n2') }),
    why: 'can only create ResourceSlice with the same NodeName as the requesting node',
  },
  {
    title: 'withdraws no devices of others',
    attributes: () => by(resourceSlices, { operation: 'DELETE', name: 's', oldObject: slice('n2') as never }),
    why: 'can only delete ResourceSlice with the same NodeName as the requesting node',
  },
  { title: 'asks for a certificate of its own', attributes: () => certificate('n1') },
  {
    title: 'asks for no certificate of others',
    attributes: () => certificate('n2'),
    why: 'can only create a node CSR with CN=system:node:n1',
  },
  { title: 'asks other signers for anything', attributes: () => certificate('n2', 'example.com/signer') },
  {
    title: 'has a name',
    attributes: () => write(nodes, { user: { ...user, name: 'system:node:' }, object: node('n1') }),
    why: 'could not determine node from user "system:node:"',
  },
  {
    title: 'is not everybody',
    attributes: () => write(nodes, { object: node('n2') }),
  },
]

for (const { title, attributes, why } of rows) {
  test(`NodeRestriction: a kubelet ${title}`, async () => {
    const authorizer = {
      authorize: ({ resource }: { resource: string }) => ({ allowed: resource === 'allowed', reason: '' }),
    }
    const message = await refusal(nodeRestriction({ reader, authorizer }), attributes())
    assert.equal(message?.replace(/^.* is forbidden: /, ''), why)
  })
}
