import type { TokenRequest } from '../../api/types/authentication/v1.ts'
import type { PersistentVolume, Pod, Volume } from '../../api/types/core/v1.ts'
import { csiDrivers, persistentVolumeClaims, persistentVolumes, pods } from '../../api/types/resources.ts'
import { aggregateMessage } from '../../machinery/aggregate.ts'
import { notFound } from '../../machinery/errors.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Authorizer } from '../authorization/authorizer.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes } from './admission.ts'
import { refuse } from './refuse.ts'

export interface NodeTokenServices {
  readonly reader: ObjectReader
  readonly authorizer: Authorizer
}

/**
 * A kubelet gets tokens only for Pods on its node, bound to them, and for whom the Pod's volumes are to speak to.
 * After plugin/pkg/admission/noderestriction admitServiceAccount v1.36.
 */
export async function admitNodeToken(
  node: string,
  attributes: AdmissionAttributes,
  services: NodeTokenServices,
): Promise<void> {
  const { spec = {} } = attributes.object as TokenRequest
  const { boundObjectRef: reference } = spec
  // A real kubelet sends null for none.
  const audiences = spec.audiences ?? []
  const { apiVersion, kind, name = '', uid } = reference ?? {}
  if (apiVersion !== 'v1' || kind !== 'Pod' || name === '') {
    throw refuse(attributes, 'node requested token not bound to a pod')
  }
  if (!uid) throw refuse(attributes, 'node requested token with a pod binding without a uid')
  const pod = services.reader.get(pods, name, attributes.namespace)
  if (!pod) throw notFound({ group: '', resource: 'pods' }, name)
  if (pod.metadata.uid !== uid) {
    const gone = 'The object might have been deleted and then recreated'
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. ${gone}`
    throw refuse(attributes, why)
  }
  if (pod.spec?.nodeName !== node) {
    throw refuse(attributes, 'node requested token bound to a pod scheduled on a different node')
  }
  if (audiences.length > 1) throw refuse(attributes, 'node may only request 0 or 1 audiences')
  await requireAudience(audiences[0] ?? '', pod, attributes, services)
}

async function requireAudience(
  audience: string,
  pod: Held<Pod>,
  attributes: AdmissionAttributes,
  { reader, authorizer }: NodeTokenServices,
): Promise<void> {
  const found = mentionsAudience(pod, audience, reader)
  if (found === true) return
  const quoted = JSON.stringify(audience)
  if (found !== false) throw refuse(attributes, `error validating audience ${quoted}: ${aggregateMessage(found)}`)
  const { user, namespace, name } = attributes
  const { allowed, error } = await authorizer.authorize({
    user,
    verb: 'request-serviceaccounts-token-audience',
    isResourceRequest: true,
    group: '',
    version: 'v1',
    resource: audience,
    subresource: '',
    namespace,
    name,
    path: '',
  })
  if (allowed) return
  const missing = `audience ${quoted} not found in pod spec volume`
  if (error === undefined)
    throw refuse(attributes, `${missing}, ${user.name} is not authorized to request tokens for this audience`)
  throw refuse(attributes, `${missing}, error authorizing ${user.name} to request tokens for this audience: ${error}`)
}

/** Messages where something that might mention it cannot be looked at. */
function mentionsAudience(pod: Held<Pod>, audience: string, reader: ObjectReader): boolean | string[] {
  const errors: string[] = []
  for (const volume of pod.spec?.volumes ?? []) {
    if (
      volume.projected?.sources?.some(({ serviceAccountToken: token }) => token && (token.audience ?? '') === audience)
    )
      return true
    try {
      const driver = driverOf(volume, pod, reader)
      if (driver !== undefined && driverAudiences(driver, reader).includes(audience)) return true
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      errors.push(error.message)
    }
  }
  return errors.length > 0 && errors
}

function driverAudiences(name: string, reader: ObjectReader): readonly string[] {
  const driver = reader.get(csiDrivers, name)
  if (!driver) throw notFound({ group: 'storage.k8s.io', resource: 'csidrivers' }, name)
  return driver.spec.tokenRequests?.map(({ audience }) => audience) ?? []
}

/** The CSI driver behind a volume; undefined where there is none. Throws 404 for a claim or volume that is gone. */
function driverOf(volume: DeepReadonly<Volume>, { metadata }: Held<Pod>, reader: ObjectReader): string | undefined {
  const { ephemeral, persistentVolumeClaim: claim, csi } = volume
  const namespace = metadata.namespace!
  if (ephemeral?.volumeClaimTemplate) return driverOfClaim(`${metadata.name}-${volume.name}`, namespace, reader)
  if (claim) return driverOfClaim(claim.claimName, namespace, reader)
  return csi ? csi.driver : migratedDriver(volume)
}

function driverOfClaim(name: string, namespace: string, reader: ObjectReader): string | undefined {
  const claim = reader.get(persistentVolumeClaims, name, namespace)
  if (!claim) throw notFound({ group: '', resource: 'persistentvolumeclaims' }, name)
  const volumeName = claim.spec?.volumeName ?? ''
  const volume = reader.get(persistentVolumes, volumeName)
  if (!volume) throw notFound({ group: '', resource: 'persistentvolumes' }, volumeName)
  return volume.spec?.csi?.driver ?? migratedDriver(volume.spec ?? {})
}

type OldSource = keyof Volume & keyof NonNullable<PersistentVolume['spec']>

/** What stands for the volumes that Kubernetes once knew itself. After csi-translation-lib/plugins v1.36. */
const migratedDrivers: readonly (readonly [OldSource, string])[] = [
  ['gcePersistentDisk', 'pd.csi.storage.gke.io'],
  ['awsElasticBlockStore', 'ebs.csi.aws.com'],
  ['cinder', 'cinder.csi.openstack.org'],
  ['azureDisk', 'disk.csi.azure.com'],
  ['azureFile', 'file.csi.azure.com'],
  ['vsphereVolume', 'csi.vsphere.vmware.com'],
  ['portworxVolume', 'pxd.portworx.com'],
]

function migratedDriver(source: DeepReadonly<Partial<Record<OldSource, unknown>>>): string | undefined {
  return migratedDrivers.find(([name]) => source[name] !== undefined)?.[1]
}
