import type { ParamKind } from '../../api/types/admissionregistration/v1.ts'
import { mutatingAdmissionPolicies, validatingAdmissionPolicies } from '../../api/types/resources.ts'
import { invalid } from '../../machinery/errors.ts'
import { forbiddenField } from '../../machinery/field-errors.ts'
import { goText } from '../../machinery/go-text.ts'
import { type DeepReadonly, parseApiVersion } from '../../machinery/object.ts'
import { mastersGroup } from '../authentication/authenticator.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { ResourceRegistry } from '../registry.ts'
import type { UserInfo } from '../request.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import type { AnyBinding, AnyPolicy } from './policy/policies.ts'

export interface PermissionServices {
  readonly reader: ObjectReader
  readonly registry: ResourceRegistry
  readonly authorizer: Authorizer
}

type Check = (attributes: AdmissionAttributes, services: PermissionServices) => Promise<string | undefined>

const checks: Readonly<Record<string, { readonly path: string; readonly refusalOf: Check }>> = {
  validatingadmissionpolicies: { path: 'spec.paramKind', refusalOf: policyRefusal },
  mutatingadmissionpolicies: { path: 'spec.paramKind', refusalOf: policyRefusal },
  validatingadmissionpolicybindings: { path: 'spec.paramRef', refusalOf: bindingRefusal },
  mutatingadmissionpolicybindings: { path: 'spec.paramRef', refusalOf: bindingRefusal },
}

/**
 * What a policy says of its parameters, whoever writes policies could otherwise read. So they must be allowed to read
 * these anyway. No plugin upstream but the end of its strategies' validation: asked only about what is valid.
 * After pkg/registry/admissionregistration authz.go v1.36.
 */
export function parameterPermission(services: PermissionServices): AdmissionPlugin {
  return {
    name: 'ParameterPermission',
    handles: ['CREATE', 'UPDATE'],
    async validate(attributes) {
      const { definition, subresource, user, name } = attributes
      if (definition.group !== 'admissionregistration.k8s.io' || subresource !== '') return
      const check = checks[definition.plural]
      if (!check || user.groups.includes(mastersGroup)) return
      const refusal = await check.refusalOf(attributes, services)
      if (refusal !== undefined) throw invalid(definition, name, [forbiddenField(check.path, refusal)])
    },
  }
}

async function policyRefusal(attributes: AdmissionAttributes, services: PermissionServices) {
  const { user } = attributes
  const paramKind = (attributes.object as AnyPolicy).spec?.paramKind
  if (!paramKind || isSameKind(paramKind, (attributes.oldObject as AnyPolicy | undefined)?.spec?.paramKind)) return
  const { resource } = parameterResource(paramKind, services)
  const wanted = { ...resource, verb: 'get', name: '*', namespace: '*' }
  if (await isAllowed(user, wanted, services)) return undefined
  const { kind = '', apiVersion = '' } = paramKind
  const what = `(kind=${kind}, apiVersion=${apiVersion})`
  return `user ${userText(user)} must have "get" permission on all objects of the referenced paramKind ${what}`
}

function isSameKind(paramKind: ParamKind, old: DeepReadonly<ParamKind> | undefined): boolean {
  return old !== undefined && old.kind === paramKind.kind && old.apiVersion === paramKind.apiVersion
}

/** Asked on every update: upstream compares pointers of two decoded objects, which are never the same. */
async function bindingRefusal(attributes: AdmissionAttributes, services: PermissionServices) {
  const { definition, user, object } = attributes
  const { paramRef, policyName = '' } = (object as AnyBinding).spec ?? {}
  if (!paramRef) return undefined
  const { name = '', namespace = '' } = paramRef
  const isMutating = definition.plural.startsWith('mutating')
  const policy = services.reader.get(isMutating ? mutatingAdmissionPolicies : validatingAdmissionPolicies, policyName)
  const paramKind = policy?.spec?.paramKind
  const { resource, isKnown } = paramKind ? parameterResource(paramKind, services) : { resource: any, isKnown: true }
  const verb = name === '' ? 'list' : 'get'
  if (await isAllowed(user, { ...resource, verb, name, namespace }, services)) return undefined
  const who = userText(user)
  const everything = `does not have "${verb}" permission for all groups, versions and resources`
  const unsure = (what: string) =>
    `unable to ${what} to determine minimum required permissions and user ${who} ${everything}`
  if (!policy) return unsure(`get policy ${policyName}`)
  if (!isKnown) return unsure(`resolve paramKind &{${paramKind?.apiVersion} ${paramKind?.kind}}`)
  // Upstream mixes up the two in the message of the mutating kind.
  const [first, second] = isMutating ? [verb, who] : [who, verb]
  return `user ${first} does not have "${second}" permission on the object referenced by paramRef`
}

interface Parameters {
  readonly group: string
  readonly version: string
  readonly resource: string
}

const any: Parameters = { group: '*', version: '*', resource: '*' }

/** A kind that nobody serves now may be served as anything later: then all resources of the version are meant. */
function parameterResource({ apiVersion = '', kind = '' }: DeepReadonly<ParamKind>, { registry }: PermissionServices) {
  const { group, version } = parseApiVersion(apiVersion)
  const definition = registry.lookupKind(group, version, kind)
  return { resource: { group, version, resource: definition?.plural ?? '*' }, isKnown: definition !== undefined }
}

interface Wanted extends Parameters {
  readonly verb: string
  readonly name: string
  readonly namespace: string
}

async function isAllowed(user: UserInfo, wanted: Wanted, { authorizer }: PermissionServices): Promise<boolean> {
  const attributes = { ...wanted, user, isResourceRequest: true, subresource: '', path: '' }
  return (await authorizer.authorize(attributes)).allowed
}

/** As Go prints its structure: name, uid, groups and extra. */
function userText({ name, uid = '', groups, extra }: UserInfo): string {
  return `&{${name} ${uid} ${goText(groups)} ${goText(extra)}}`
}
