import { isDeepStrictEqual } from 'node:util'
import type { DeepReadonly, KubeObject, OwnerReference } from '../../machinery/object.ts'
import { parseApiVersion } from '../../machinery/object.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { refuse } from './refuse.ts'

type References = readonly DeepReadonly<OwnerReference>[]

export interface OwnerReferencesOptions {
  readonly authorizer: Authorizer
  readonly registry: ResourceRegistry
}

/**
 * Who gives an object an owner may delete it, and who keeps an owner from going may set its finalizers. After
 * plugin/pkg/admission/gc v1.36.
 */
export function ownerReferencesPermissionEnforcement(options: OwnerReferencesOptions): AdmissionPlugin {
  return {
    name: 'OwnerReferencesPermissionEnforcement',
    handles: ['CREATE', 'UPDATE'],
    async validate(attributes) {
      const { definition, subresource, operation, object, oldObject } = attributes
      // Status writes cannot change who owns a Pod, though old kubelets send something else.
      if (definition.group === '' && definition.plural === 'pods' && subresource === 'status') return
      const [now, before] = [referencesOf(object), referencesOf(oldObject)]
      if (isDeepStrictEqual(now, before)) return
      if (operation !== 'CREATE') await requireDelete(attributes, options)
      const blocking = newlyBlocking(now, before)
      if (blocking.length > 0) await requireFinalizers(attributes, blocking, options)
    },
  }
}

function referencesOf(object: DeepReadonly<KubeObject> | undefined): References {
  return object?.metadata?.ownerReferences ?? []
}

function newlyBlocking(now: References, before: References): References {
  const wasBlocking = new Map(before.map(({ uid, blockOwnerDeletion }) => [uid, blockOwnerDeletion ?? false]))
  return now.filter(({ uid, blockOwnerDeletion }) => blockOwnerDeletion && !wasBlocking.get(uid))
}

async function requireDelete(attributes: AdmissionAttributes, { authorizer }: OwnerReferencesOptions): Promise<void> {
  const { definition, namespace, subresource, name } = attributes
  const { group, version, plural } = definition
  const wanted = { verb: 'delete', group, version, resource: plural, subresource, namespace, name }
  const { allowed, reason } = await authorizer.authorize(request(attributes, wanted))
  if (!allowed) throw refuse(attributes, `cannot set an ownerRef on a resource you can't delete: ${reason}, <nil>`)
}

async function requireFinalizers(
  attributes: AdmissionAttributes,
  references: References,
  { authorizer, registry }: OwnerReferencesOptions,
): Promise<void> {
  const anything = { group: '*', version: '*', resource: '*', namespace: '', name: '*' }
  const mayUpdate = (wanted: typeof anything) =>
    authorizer.authorize(request(attributes, { ...wanted, verb: 'update', subresource: 'finalizers' }))
  if ((await mayUpdate(anything)).allowed) return
  for (const { apiVersion, kind, name } of references) {
    const { group, version } = parseApiVersion(apiVersion)
    const owner = registry.lookupKind(group, version, kind)
    if (!owner) {
      const missing = `cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}`
      const why = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`
      throw refuse(attributes, `cannot set blockOwnerDeletion in this case because ${missing}: ${why}`)
    }
    const namespace = owner.namespaced ? attributes.namespace : ''
    const { allowed, reason } = await mayUpdate({ group, version, resource: owner.plural, namespace, name })
    if (allowed) continue
    const cannot = "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on"
    throw refuse(attributes, `${cannot}: ${reason}, <nil>`)
  }
}

type Wanted = Pick<
  AuthorizationAttributes,
  'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name'
>

function request({ user }: AdmissionAttributes, wanted: Wanted): AuthorizationAttributes {
  return { ...wanted, user, isResourceRequest: true, path: '' }
}
