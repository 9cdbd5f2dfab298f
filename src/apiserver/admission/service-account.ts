import type { Container, Pod, ServiceAccount, Volume } from '../../api/types/core/v1.ts'
import { serviceAccounts } from '../../api/types/resources.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'
import { concerns, refuse } from './refuse.ts'

const mirrorAnnotation = 'kubernetes.io/config.mirror'
const tokenMountPath = '/var/run/secrets/kubernetes.io/serviceaccount'
const tokenVolumePrefix = 'kube-api-access-'

/** An hour and seven seconds: the lifetime by which upstream tells its own tokens from those that were asked for. */
const tokenExpirationSeconds = 3607

export interface ServiceAccountOptions {
  readonly reader: ObjectReader
  /** `base` and some random characters. */
  readonly generateName: (base: string) => string
}

/** Gives each Pod a service account, its token and its pull secrets. After plugin/pkg/admission/serviceaccount v1.36. */
export function serviceAccount({ reader, generateName }: ServiceAccountOptions): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    handles: ['CREATE'],
    mutate(attributes) {
      if (!concerns(attributes, '', 'pods')) return
      const pod = attributes.object as Pod
      if (isMirror(pod)) return
      const spec = pod.spec!
      spec.serviceAccountName ||= spec.serviceAccount || 'default'
      spec.serviceAccount = spec.serviceAccountName
      const account = reader.get(serviceAccounts, spec.serviceAccountName, attributes.namespace)
      if (!account) throw missing(attributes, spec.serviceAccountName)
      if (wantsToken(pod, account)) mountToken(pod, generateName)
      if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name: name ?? '' }))
      }
    },
    validate(attributes) {
      if (!concerns(attributes, '', 'pods')) return
      const pod = attributes.object as Pod
      if (isMirror(pod)) validateMirror(attributes, pod)
      else if (!reader.get(serviceAccounts, pod.spec?.serviceAccountName ?? '', attributes.namespace)) {
        throw missing(attributes, pod.spec?.serviceAccountName ?? '')
      }
    },
  }
}

function isMirror(pod: Pod): boolean {
  return pod.metadata?.annotations?.[mirrorAnnotation] !== undefined
}

function missing(attributes: AdmissionAttributes, name: string): Error {
  const cause = `serviceaccount ${JSON.stringify(name)} not found`
  return refuse(attributes, `error looking up service account ${attributes.namespace}/${name}: ${cause}`)
}

function validateMirror(attributes: AdmissionAttributes, { spec }: Pod): void {
  if (spec?.serviceAccountName) throw refuse(attributes, 'a mirror pod may not reference service accounts')
  for (const { projected } of spec?.volumes ?? []) {
    if (projected?.sources?.some((source) => source.serviceAccountToken)) {
      throw refuse(attributes, 'a mirror pod may not use ServiceAccountToken volume projections')
    }
  }
}

function wantsToken({ spec }: Pod, account: Held<ServiceAccount>): boolean {
  return spec?.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
}

/** Adds the token's volume and mounts, except where a container has something at that path already. */
function mountToken(pod: Pod, generateName: (base: string) => string): void {
  const spec = pod.spec!
  const existing = spec.volumes?.find(({ name, projected }) => name.startsWith(tokenVolumePrefix) && projected)
  const volume = existing ?? tokenVolume(generateName(tokenVolumePrefix))
  let mounted = false
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (mountInto(container, volume.name)) mounted = true
  }
  if (mounted && !existing) spec.volumes = [...(spec.volumes ?? []), volume]
}

function mountInto(container: Container, volume: string): boolean {
  if (container.volumeMounts?.some(({ mountPath }) => mountPath === tokenMountPath)) return false
  const mount = { name: volume, readOnly: true, mountPath: tokenMountPath }
  container.volumeMounts = [...(container.volumeMounts ?? []), mount]
  return true
}

function tokenVolume(name: string): Volume {
  const namespaceField = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenExpirationSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespaceField] } },
      ],
      defaultMode: 0o644,
    },
  }
}
