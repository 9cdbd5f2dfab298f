import { isDeepStrictEqual } from 'node:util'
import type { AllocatedDeviceStatus, ResourceClaim, ResourceClaimTemplate } from '../../api/types/resource/v1.ts'
import { namespaces } from '../../api/types/resources.ts'
import { deviceKey } from '../../api/validation/dynamic-resources/device-key.ts'
import { type FieldError, invalid } from '../../machinery/errors.ts'
import { forbiddenField } from '../../machinery/field-errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { forbiddenRequest } from '../authorization/authorize.ts'
import type { AuthorizationAttributes, Authorizer } from '../authorization/authorizer.ts'
import type { ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

type Claim = DeepReadonly<ResourceClaim>
type Status = NonNullable<Claim['status']>

const group = 'resource.k8s.io'
const adminLabel = 'resource.kubernetes.io/admin-access'
const accountPrefix = 'system:serviceaccount:'
const nodeNameKey = 'authentication.kubernetes.io/node-name'

/**
 * Who may ask for devices that others use, bind claims, and report of devices. No plugin upstream but part of its
 * storage of claims. After pkg/registry/resource/utils.go v1.36.
 */
export function resourceClaimPermission(reader: ObjectReader, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ResourceClaimPermission',
    handles: ['CREATE', 'UPDATE'],
    async mutate(attributes) {
      const { definition, operation, subresource, name } = attributes
      if (definition.group !== group) return
      const errors: FieldError[] = []
      if (operation === 'CREATE' && subresource === '') checkAdminRequest(attributes, reader, errors)
      if (definition.plural === 'resourceclaims' && subresource === 'status') {
        await checkStatus(attributes, { reader, authorizer }, errors)
      }
      if (errors.length > 0) throw invalid(definition, name, errors)
    },
  }
}

function checkAdminRequest(attributes: AdmissionAttributes, reader: ObjectReader, errors: FieldError[]): void {
  const { definition, object } = attributes
  const isTemplate = definition.plural === 'resourceclaimtemplates'
  if (!isTemplate && definition.plural !== 'resourceclaims') return
  const { spec } = isTemplate ? ((object as ResourceClaimTemplate).spec ?? {}) : (object as ResourceClaim)
  const index = (spec?.devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess)
  if (index >= 0) requireAdminLabel(attributes, reader, `spec.devices.requests[${index}].adminAccess`, errors)
}

function requireAdminLabel(
  { namespace }: AdmissionAttributes,
  reader: ObjectReader,
  path: string,
  errors: FieldError[],
): void {
  if (reader.get(namespaces, namespace)?.metadata.labels?.[adminLabel] === 'true') return
  const why = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`
  errors.push(forbiddenField(path, why))
}

interface Services {
  readonly reader: ObjectReader
  readonly authorizer: Authorizer
}

async function checkStatus(attributes: AdmissionAttributes, services: Services, errors: FieldError[]): Promise<void> {
  const status: Status = (attributes.object as ResourceClaim).status ?? {}
  const old: Status = (attributes.oldObject as Claim | undefined)?.status ?? {}
  const adminIndex = adminResult(status)
  if (adminIndex >= 0 && adminResult(old) < 0) {
    const path = `status.allocation.devices.results[${adminIndex}].adminAccess`
    requireAdminLabel(attributes, services.reader, path, errors)
  }
  const isBound =
    isDeepStrictEqual(status.allocation, old.allocation) && isDeepStrictEqual(status.reservedFor, old.reservedFor)
  if (!isBound) await requireBinding(attributes, services.authorizer, errors)
  if (status.allocation) await requireDrivers(attributes, { status, old }, services.authorizer, errors)
}

function adminResult({ allocation }: Status): number {
  return (allocation?.devices?.results ?? []).findIndex(({ adminAccess }) => adminAccess)
}

async function requireBinding(attributes: AdmissionAttributes, authorizer: Authorizer, errors: FieldError[]) {
  const verb = verbOf(attributes)
  const refusal = await refusalOf(attributes, { verb, subresource: 'binding', namespace: '', name: '' }, authorizer)
  if (refusal === undefined) return
  const needed = `resource="resourceclaims/binding", verb="${verb}" permission`
  const what = 'changing status.allocation or status.reservedFor requires'
  errors.push(forbiddenField('status.allocation', `${what} ${needed}: ${refusal}`))
}

/** One check a driver whose devices' status changes. */
async function requireDrivers(
  attributes: AdmissionAttributes,
  { status, old }: { readonly status: Status; readonly old: Status },
  authorizer: Authorizer,
  errors: FieldError[],
): Promise<void> {
  const verb = verbOf(attributes)
  const isOnNode = isOfAllocatedNode(attributes, status)
  const verbs = [...(isOnNode ? [`associated-node:${verb}`] : []), `arbitrary-node:${verb}`]
  for (const driver of changedDrivers(status.devices ?? [], old.devices ?? [])) {
    const wanted = { subresource: 'driver', namespace: attributes.namespace, name: driver }
    let first: string | undefined
    let isAllowed = false
    for (const each of verbs) {
      const refusal = await refusalOf(attributes, { ...wanted, verb: each }, authorizer)
      isAllowed ||= refusal === undefined
      first ??= refusal
      if (isAllowed) break
    }
    if (isAllowed) continue
    const needed = `resource="resourceclaims/driver", verb="[${verbs.join(' ')}]" permission`
    errors.push(forbiddenField('status.devices', `changing status.devices requires ${needed}: ${first}`))
  }
}

function changedDrivers(
  devices: readonly DeepReadonly<AllocatedDeviceStatus>[],
  old: readonly DeepReadonly<AllocatedDeviceStatus>[],
): string[] {
  const before = new Map(old.map((device) => [deviceKey(device), device]))
  const drivers = new Set<string>()
  for (const device of devices) {
    const key = deviceKey(device)
    if (!isDeepStrictEqual(before.get(key), device)) drivers.add(device.driver)
    before.delete(key)
  }
  for (const { driver } of before.values()) drivers.add(driver)
  return [...drivers].sort()
}

/** Whether a driver's Pod asks, on the one node that the claim is allocated for. */
function isOfAllocatedNode({ user }: AdmissionAttributes, { allocation }: Status): boolean {
  const [term, ...otherTerms] = allocation?.nodeSelector?.nodeSelectorTerms ?? []
  const [field, ...otherFields] = term?.matchFields ?? []
  if (!field || otherTerms.length > 0 || otherFields.length > 0 || term?.matchExpressions?.length) return false
  if (field.key !== 'metadata.name' || field.operator !== 'In' || field.values?.length !== 1) return false
  const nodeNames = user.extra[nodeNameKey] ?? []
  return user.name.startsWith(accountPrefix) && nodeNames.length === 1 && nodeNames[0] === field.values[0]
}

function verbOf({ verb }: AdmissionAttributes): string {
  return verb ?? 'update'
}

type Wanted = Pick<AuthorizationAttributes, 'verb' | 'subresource' | 'namespace' | 'name'>

/** Why something beside what was asked for may not be done; undefined when it may. */
async function refusalOf(
  { user, definition }: AdmissionAttributes,
  wanted: Wanted,
  authorizer: Authorizer,
): Promise<string | undefined> {
  const { version, plural } = definition
  const attributes = { ...wanted, user, isResourceRequest: true, group, version, resource: plural, path: '' }
  const { allowed, reason } = await authorizer.authorize(attributes)
  return allowed ? undefined : forbiddenRequest(attributes, reason).message
}
