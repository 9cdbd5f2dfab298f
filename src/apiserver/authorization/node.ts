import type { Pod } from '../../api/types/core/v1.ts'
import { persistentVolumes, pods, resourceSlices, volumeAttachments } from '../../api/types/resources.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { UserInfo } from '../request.ts'
import {
  type AuthorizationAttributes,
  allow,
  because,
  type Decision,
  type LocalAuthorizer,
  noOpinion,
  type Rule,
  type RuleResolver,
} from './authorizer.ts'
import { podReferences, type ReferencedKind } from './pod-references.ts'
import { ruleAllows } from './rules.ts'

const nodeUserPrefix = 'system:node:'
const nodesGroup = 'system:nodes'

/** The node a user is, by name and group; undefined for anybody else. After pkg/auth/nodeidentifier v1.36. */
export function nodeNameOf({ name, groups }: UserInfo): string | undefined {
  return name.startsWith(nodeUserPrefix) && groups.includes(nodesGroup) ? name.slice(nodeUserPrefix.length) : undefined
}

type Decide = (node: string, attributes: AuthorizationAttributes) => Decision

/**
 * What a kubelet may do: the objects its Pods use, its own node, lease and Pods, and the fixed rules for the rest.
 * Bindings of Pods to nodes are followed in the watch cache. After plugin/pkg/auth/authorizer/node v1.36.
 */
export function nodeAuthorizer(reader: ObjectReader, nodeRules: () => readonly Rule[]): LocalAuthorizer & RuleResolver {
  const related = new NodeRelations(reader)
  const decisions = decisionsBy(related)
  return {
    authorize(attributes) {
      const node = nodeNameOf(attributes.user)
      if (node === undefined) return noOpinion
      if (node === '') return because(`unknown node for user ${JSON.stringify(attributes.user.name)}`)
      const decide = attributes.isResourceRequest ? decisions[`${attributes.group}/${attributes.resource}`] : undefined
      if (decide) return decide(node, attributes)
      return nodeRules().some((rule) => ruleAllows(rule, attributes)) ? allow : noOpinion
    },
    rulesFor: (user) => ({
      rules: [],
      errors: nodeNameOf(user) === undefined ? [] : ['node authorizer does not support user rule resolution'],
    }),
  }
}

function decisionsBy(related: NodeRelations): Readonly<Record<string, Decide>> {
  const connected =
    (kind: ConnectedKind): Decide =>
    (node, { namespace, name }) => {
      if (name === '') return because('No Object name found')
      return related.has(node, kind, namespace, name) ? allow : unrelated(node)
    }
  const readNamespaced =
    (kind: ConnectedKind): Decide =>
    (node, attributes) => {
      if (!['get', 'list', 'watch'].includes(attributes.verb)) return because('can only read resources of this type')
      if (attributes.subresource !== '') return because('cannot read subresource')
      if (attributes.namespace === '') return because('can only read namespaced object of this type')
      return connected(kind)(node, attributes)
    }
  const get =
    (kind: ConnectedKind): Decide =>
    (node, attributes) => {
      if (attributes.verb !== 'get') return because('can only get individual resources of this type')
      if (attributes.subresource !== '') return because('cannot get subresource')
      return connected(kind)(node, attributes)
    }
  return {
    '/secrets': readNamespaced('secrets'),
    '/configmaps': readNamespaced('configmaps'),
    '/persistentvolumeclaims': (node, attributes) => {
      if (attributes.subresource !== 'status') return get('persistentvolumeclaims')(node, attributes)
      if (attributes.verb !== 'update' && attributes.verb !== 'patch') {
        return because('can only get/update/patch this type')
      }
      return connected('persistentvolumeclaims')(node, attributes)
    },
    '/persistentvolumes': get('persistentvolumes'),
    'resource.k8s.io/resourceclaims': get('resourceclaims'),
    'storage.k8s.io/volumeattachments': get('volumeattachments'),
    '/serviceaccounts': (node, attributes) => {
      if (attributes.verb === 'get' && attributes.subresource === '') {
        return readNamespaced('serviceaccounts')(node, attributes)
      }
      return createToken(node, attributes, related)
    },
    'coordination.k8s.io/leases': decideLease,
    'storage.k8s.io/csinodes': decideCsiNode,
    'resource.k8s.io/resourceslices': (node, attributes) => decideSlice(node, attributes, connected('resourceslices')),
    '/nodes': decideNode,
    '/pods': (node, attributes) => decidePod(node, attributes, connected('pods'), get('pods')),
  }
}

function unrelated(node: string): Decision {
  return because(`no relationship found between node '${node}' and this object`)
}

function createToken(
  node: string,
  { verb, name, subresource, namespace }: AuthorizationAttributes,
  related: NodeRelations,
): Decision {
  if (verb !== 'create' || name === '') return because('can only create tokens for individual service accounts')
  if (subresource !== 'token') return because('can only create token subresource of serviceaccount')
  return related.has(node, 'serviceaccounts', namespace, name) ? allow : unrelated(node)
}

const ownObjectVerbs = ['get', 'create', 'update', 'patch', 'delete']

function decideLease(node: string, { verb, namespace, name }: AuthorizationAttributes): Decision {
  if (!ownObjectVerbs.includes(verb)) return because('can only get, create, update, patch, or delete a node lease')
  if (namespace !== 'kube-node-lease')
    return because('can only access leases in the "kube-node-lease" system namespace')
  if (verb !== 'create' && name !== node) {
    return because('can only access node lease with the same name as the requesting node')
  }
  return allow
}

function decideCsiNode(node: string, { verb, subresource, name }: AuthorizationAttributes): Decision {
  if (!ownObjectVerbs.includes(verb)) return because('can only get, create, update, patch, or delete a CSINode')
  if (subresource !== '') return because('cannot authorize CSINode subresources')
  if (verb !== 'create' && name !== node)
    return because('can only access CSINode with the same name as the requesting node')
  return allow
}

function decideSlice(node: string, attributes: AuthorizationAttributes, connected: Decide): Decision {
  const { verb, subresource } = attributes
  if (subresource !== '') return because('cannot authorize ResourceSlice subresources')
  if (verb === 'create') return allow
  if (['get', 'update', 'patch', 'delete'].includes(verb)) return connected(node, attributes)
  if (['watch', 'list', 'deletecollection'].includes(verb)) {
    return selects(attributes, 'spec.nodeName', node)
      ? allow
      : because('can only list/watch/deletecollection resourceslices with nodeName field selector')
  }
  return because(
    'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
  )
}

/** Which node may be written is for the NodeRestriction plugin, which sees the object. */
function decideNode(node: string, { verb, subresource, name }: AuthorizationAttributes): Decision {
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allow : noOpinion
  if (subresource !== '') return noOpinion
  if (['create', 'update', 'patch'].includes(verb)) return allow
  if (!['get', 'list', 'watch'].includes(verb)) return noOpinion
  if (name === node) return allow
  if (name === '') return because(`node '${node}' cannot read all nodes, only its own Node object`)
  return because(`node '${node}' cannot read '${name}', only its own Node object`)
}

function decidePod(node: string, attributes: AuthorizationAttributes, connected: Decide, get: Decide): Decision {
  const { verb, subresource, name } = attributes
  if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allow : noOpinion
  if (subresource === 'eviction') return verb === 'create' ? allow : noOpinion
  if (subresource !== '') return noOpinion
  if (verb === 'create' || verb === 'delete') return allow
  if (verb === 'get') return get(node, attributes)
  if (verb !== 'list' && verb !== 'watch') return noOpinion
  if (selects(attributes, 'spec.nodeName', node)) return allow
  if (name !== '') return connected(node, attributes)
  return because('can only list/watch pods with spec.nodeName field selector')
}

function selects({ fieldSelector = '' }: AuthorizationAttributes, field: string, value: string): boolean {
  return fieldSelector.split(',').some((term) => term === `${field}=${value}` || term === `${field}==${value}`)
}

type ConnectedKind = ReferencedKind | 'pods' | 'persistentvolumes' | 'volumeattachments' | 'resourceslices'

/** Which objects have to do with a node: through its Pods, their claims, and the claims' volumes. */
class NodeRelations {
  readonly #reader: ObjectReader
  readonly #podsOfNode = new Map<string, Map<string, DeepReadonly<Pod>>>()

  constructor(reader: ObjectReader) {
    this.#reader = reader
    reader.onChange(pods, ({ object, previous }) => {
      if (previous) this.#remove(previous)
      if (object) this.#add(object)
    })
    for (const pod of reader.list(pods)) this.#add(pod)
  }

  has(node: string, kind: ConnectedKind, namespace: string, name: string): boolean {
    switch (kind) {
      case 'pods':
        return this.#podsOfNode.get(node)?.has(`${namespace}/${name}`) ?? false
      case 'volumeattachments':
        return this.#reader.get(volumeAttachments, name)?.spec.nodeName === node
      case 'resourceslices':
        return this.#reader.get(resourceSlices, name)?.spec.nodeName === node
      case 'persistentvolumes':
        return this.#hasVolume(node, name)
      default:
        return (
          this.#isReferenced(node, kind, namespace, name) ||
          (kind === 'secrets' && this.#hasVolumeSecret(node, namespace, name))
        )
    }
  }

  #isReferenced(node: string, kind: ReferencedKind, namespace: string, name: string): boolean {
    for (const pod of this.#podsOfNode.get(node)?.values() ?? []) {
      // What a static Pod's mirror names gives no rights: the kubelet made it up.
      if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) continue
      if (pod.metadata?.namespace === namespace && podReferences(pod, kind, name)) return true
    }
    return false
  }

  #hasVolume(node: string, name: string): boolean {
    const claim = this.#reader.get(persistentVolumes, name)?.spec?.claimRef
    if (!claim?.name || !claim.namespace) return false
    return this.#isReferenced(node, 'persistentvolumeclaims', claim.namespace, claim.name)
  }

  /** Secrets that volumes name for their drivers: found through the claims of the node's Pods. */
  #hasVolumeSecret(node: string, namespace: string, name: string): boolean {
    for (const volume of this.#reader.list(persistentVolumes)) {
      const { csi, flexVolume, azureFile, cephfs, iscsi, rbd, scaleIO, storageos } = volume.spec ?? {}
      const references = [
        csi?.nodePublishSecretRef,
        csi?.nodeStageSecretRef,
        csi?.controllerPublishSecretRef,
        csi?.nodeExpandSecretRef,
        flexVolume?.secretRef,
        azureFile && {
          name: azureFile.secretName,
          namespace: azureFile.secretNamespace ?? volume.spec?.claimRef?.namespace,
        },
        cephfs?.secretRef,
        iscsi?.secretRef,
        rbd?.secretRef,
        scaleIO?.secretRef,
        storageos?.secretRef,
      ]
      const names = references.some((reference) => reference?.name === name && reference.namespace === namespace)
      if (names && this.#hasVolume(node, volume.metadata.name)) return true
    }
    return false
  }

  #add(pod: DeepReadonly<Pod>): void {
    const node = pod.spec?.nodeName
    if (!node) return
    let known = this.#podsOfNode.get(node)
    if (!known) {
      known = new Map()
      this.#podsOfNode.set(node, known)
    }
    known.set(`${pod.metadata?.namespace}/${pod.metadata?.name}`, pod)
  }

  #remove(pod: DeepReadonly<Pod>): void {
    const known = this.#podsOfNode.get(pod.spec?.nodeName ?? '')
    known?.delete(`${pod.metadata?.namespace}/${pod.metadata?.name}`)
    if (known?.size === 0) this.#podsOfNode.delete(pod.spec?.nodeName ?? '')
  }
}
