import { isDeepStrictEqual } from 'node:util'
import type { Node, PersistentVolumeClaim, Pod } from '../../api/types/core/v1.ts'
import type { Eviction } from '../../api/types/policy/v1.ts'
import type { ResourceSlice } from '../../api/types/resource/v1.ts'
import { nodes, pods } from '../../api/types/resources.ts'
import { notFound } from '../../machinery/errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../machinery/object.ts'
import { getOwn } from '../../machinery/own-member.ts'
import { nodeNameOf } from '../authorization/node.ts'
import { apiObjectReference } from '../authorization/pod-references.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { admitNodeCertificateRequest } from './node-certificate-requests.ts'
import { forbiddenNodeLabels } from './node-labels.ts'
import { admitNodeToken, type NodeTokenServices } from './node-tokens.ts'
import { refuse } from './refuse.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const nodeLeaseNamespace = 'kube-node-lease'

type Check = (node: string, attributes: AdmissionAttributes, services: NodeTokenServices) => void | Promise<void>

/** A kubelet changes only its own node and the Pods on it. After plugin/pkg/admission/noderestriction v1.36. */
export function nodeRestriction(services: NodeTokenServices): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    handles: ['CREATE', 'UPDATE', 'DELETE'],
    mutate(attributes) {
      const node = nodeNameOf(attributes.user)
      if (node === undefined) return
      if (node === '') {
        throw refuse(attributes, `could not determine node from user ${JSON.stringify(attributes.user.name)}`)
      }
      const { group, plural } = attributes.definition
      return checks[`${group}/${plural}`]?.(node, attributes, services)
    },
  }
}

const checks: Readonly<Record<string, Check>> = {
  '/pods': (node, attributes, services) => {
    const check = getOwn(podChecks, attributes.subresource)
    if (check) return check(node, attributes, services)
    const quoted = JSON.stringify(attributes.subresource)
    throw refuse(attributes, `unexpected pod subresource ${quoted}, only 'status' and 'eviction' are allowed`)
  },
  '/nodes': admitNode,
  '/persistentvolumeclaims': admitClaimStatus,
  '/serviceaccounts': async (node, attributes, services) => {
    const { operation, subresource } = attributes
    if (operation === 'CREATE' && subresource === 'token') await admitNodeToken(node, attributes, services)
  },
  'coordination.k8s.io/leases': admitLease,
  'storage.k8s.io/csinodes': (node, attributes) => {
    const { operation, name, object } = attributes
    if (operation === 'CREATE' ? object?.metadata?.name !== node : name !== node) {
      throw refuse(attributes, 'can only access CSINode with the same name as the requesting node')
    }
  },
  'resource.k8s.io/resourceslices': admitResourceSlice,
  'certificates.k8s.io/certificatesigningrequests': admitNodeCertificateRequest,
}

const podChecks: Readonly<Record<string, Check>> = {
  '': admitPod,
  status: (node, attributes) => {
    if (attributes.operation !== 'UPDATE')
      throw refuse(attributes, `unexpected operation ${JSON.stringify(attributes.operation)}`)
    const old = attributes.oldObject as DeepReadonly<Pod>
    if (old.spec?.nodeName !== node) {
      throw refuse(
        attributes,
        `node ${quote(node)} can only update pod status for pods with spec.nodeName set to itself`,
      )
    }
    if (!equal(attributes.object?.metadata?.labels ?? {}, old.metadata?.labels ?? {})) {
      throw refuse(attributes, `node ${quote(node)} cannot update labels through pod status`)
    }
    const { status } = attributes.object as Pod
    if (!equal(status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? [])) {
      throw refuse(attributes, `node ${quote(node)} cannot update resource claim statues`)
    }
    if (!equal(status?.extendedResourceClaimStatus, old.status?.extendedResourceClaimStatus)) {
      throw refuse(attributes, `node ${quote(node)} cannot update extended resource claim status`)
    }
  },
  eviction: (node, attributes, { reader }) => {
    if (attributes.operation !== 'CREATE') throw refuse(attributes, `unexpected operation ${attributes.operation}`)
    const name = attributes.name || (attributes.object as Eviction | undefined)?.metadata?.name
    if (!name) throw refuse(attributes, 'could not determine pod from request data')
    if (existingPod(reader, attributes.namespace, name).spec?.nodeName !== node) {
      throw refuse(attributes, `node ${node} can only evict pods with spec.nodeName set to itself`)
    }
  },
}

function existingPod(reader: ObjectReader, namespace: string, name: string): Held<Pod> {
  const found = reader.get(pods, name, namespace)
  if (!found) throw notFound({ group: '', resource: 'pods' }, name)
  return found
}

function admitPod(node: string, attributes: AdmissionAttributes, { reader }: NodeTokenServices): void {
  const { operation, namespace, name } = attributes
  if (operation === 'CREATE') {
    admitMirrorPod(node, attributes, reader)
    return
  }
  if (operation !== 'DELETE') {
    const can = `node ${quote(node)} can only create and delete mirror pods`
    throw refuse(attributes, `unexpected operation ${quote(operation)}, ${can}`)
  }
  if (existingPod(reader, namespace, name).spec?.nodeName !== node) {
    throw refuse(attributes, `node ${quote(node)} can only delete pods with spec.nodeName set to itself`)
  }
}

function admitMirrorPod(node: string, attributes: AdmissionAttributes, reader: ObjectReader): void {
  const pod = attributes.object as Pod
  const who = `node ${quote(node)}`
  if (pod.metadata?.annotations?.[mirrorAnnotation] === undefined) {
    throw refuse(
      attributes,
      `pod does not have ${quote(mirrorAnnotation)} annotation, ${who} can only create mirror pods`,
    )
  }
  if (pod.spec?.nodeName !== node)
    throw refuse(attributes, `${who} can only create pods with spec.nodeName set to itself`)
  admitOwner(node, attributes, pod, reader)
  const reference = apiObjectReference(pod)
  if (reference !== undefined) throw refuse(attributes, `${who} can not create pods that reference ${reference}`)
}

function admitOwner(node: string, attributes: AdmissionAttributes, pod: Pod, reader: ObjectReader): void {
  const who = `node ${quote(node)}`
  const [owner, ...others] = pod.metadata?.ownerReferences ?? []
  if (others.length > 0)
    throw refuse(attributes, `${who} can only create pods with a single owner reference set to itself`)
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    throw refuse(attributes, `${who} can only create pods with an owner reference set to itself`)
  }
  if (!owner.controller) {
    throw refuse(attributes, `${who} can only create pods with a controller owner reference set to itself`)
  }
  if (owner.blockOwnerDeletion) throw refuse(attributes, `${who} must not set blockOwnerDeletion on an owner reference`)
  const uid = reader.get(nodes, node)?.metadata.uid
  if (uid === undefined) throw notFound({ group: '', resource: 'nodes' }, node)
  if (uid !== owner.uid) throw refuse(attributes, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`)
}

function admitNode(node: string, attributes: AdmissionAttributes): void {
  const { operation, name, object, oldObject } = attributes
  const requested = name || object?.metadata?.name || ''
  const who = `node ${quote(node)}`
  if (requested !== node) throw refuse(attributes, `${who} is not allowed to modify node ${quote(requested)}`)
  if (operation === 'CREATE') {
    if ((object as Node).spec?.configSource)
      throw refuse(attributes, `${who} is not allowed to create pods with a non-nil configSource`)
    const labels = forbiddenNodeLabels(object?.metadata?.labels, undefined)
    if (labels.length > 0) {
      throw refuse(attributes, `${who} is not allowed to set the following labels: ${labels.join(', ')}`)
    }
  }
  if (operation !== 'UPDATE') return
  const [draft, old] = [object as Node, oldObject as DeepReadonly<Node>]
  const { configSource } = draft.spec ?? {}
  if (configSource && !equal(configSource, old.spec?.configSource))
    throw refuse(attributes, `${who} is not allowed to update configSource to a new non-nil configSource`)
  if (!equal(draft.spec?.taints ?? [], old.spec?.taints ?? []))
    throw refuse(attributes, `${who} is not allowed to modify taints`)
  if (!equal(draft.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? [])) {
    throw refuse(attributes, `${who} is not allowed to modify ownerReferences`)
  }
  const labels = forbiddenNodeLabels(draft.metadata?.labels, old.metadata?.labels)
  if (labels.length > 0) throw refuse(attributes, `is not allowed to modify labels: ${labels.join(', ')}`)
}

/** Of a claim's status a kubelet reports how far its volume has grown, and nothing else. */
function admitClaimStatus(node: string, attributes: AdmissionAttributes): void {
  const { subresource, operation, object, oldObject } = attributes
  if (subresource !== 'status') throw refuse(attributes, 'may only update PVC status')
  if (operation !== 'UPDATE') throw refuse(attributes, `unexpected operation ${quote(operation)}`)
  if (equal(unreported(object!), unreported(oldObject!))) return
  const fields = 'status.quantity and status.conditions'
  throw refuse(attributes, `node ${quote(node)} is not allowed to update fields other than ${fields}`)
}

function unreported({ metadata, ...claim }: DeepReadonly<KubeObject>): object {
  const { resourceVersion: _version, managedFields: _fields, ...kept } = (metadata ?? {}) as DeepReadonly<ObjectMeta>
  const { status = {}, ...rest } = claim as DeepReadonly<PersistentVolumeClaim>
  const {
    capacity: _capacity,
    conditions: _conditions,
    allocatedResourceStatuses: _statuses,
    allocatedResources: _allocated,
    ...others
  } = status
  return { ...rest, metadata: kept, status: others }
}

function admitLease(node: string, attributes: AdmissionAttributes): void {
  const { namespace, operation, name, object } = attributes
  if (namespace !== nodeLeaseNamespace) {
    throw refuse(attributes, `can only access leases in the ${quote(nodeLeaseNamespace)} system namespace`)
  }
  const requested = operation === 'CREATE' ? object?.metadata?.name : name
  if (requested !== node)
    throw refuse(attributes, 'can only access node lease with the same name as the requesting node')
}

function admitResourceSlice(node: string, attributes: AdmissionAttributes): void {
  const { operation, object, oldObject } = attributes
  if (operation === 'UPDATE') return
  const { spec } = ((operation === 'CREATE' ? object : oldObject) ?? {}) as Partial<DeepReadonly<ResourceSlice>>
  if (spec?.nodeName === node) return
  const what = `can only ${operation.toLowerCase()} ResourceSlice`
  throw refuse(attributes, `${what} with the same NodeName as the requesting node`)
}

function equal(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(left, right)
}

function quote(text: string): string {
  return JSON.stringify(text)
}
