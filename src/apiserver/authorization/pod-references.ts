import type { Container, EphemeralContainer, Pod, Volume } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

export type ReferencedKind = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts' | 'resourceclaims'

type AnyContainer = DeepReadonly<Container> | DeepReadonly<EphemeralContainer>

/** Whether a Pod's spec names an object of its namespace. After kubernetes pkg/api/v1/pod VisitPodSecretNames v1.36. */
export function podReferences(pod: DeepReadonly<Pod>, kind: ReferencedKind, name: string): boolean {
  return finders[kind](pod, name)
}

const finders: Readonly<Record<ReferencedKind, (pod: DeepReadonly<Pod>, name: string) => boolean>> = {
  secrets: (pod, name) =>
    (pod.spec?.imagePullSecrets?.some((secret) => secret.name === name) ?? false) ||
    containersOf(pod).some((container) => containerNamesSecret(container, name)) ||
    volumesOf(pod).some((volume) => volumeNamesSecret(volume, name)),
  configmaps: (pod, name) =>
    containersOf(pod).some((container) => containerNamesConfigMap(container, name)) ||
    volumesOf(pod).some(
      ({ configMap, projected }) =>
        configMap?.name === name || (projected?.sources?.some((source) => source.configMap?.name === name) ?? false),
    ),
  persistentvolumeclaims: (pod, name) =>
    volumesOf(pod).some(
      ({ persistentVolumeClaim, ephemeral, name: volume }) =>
        persistentVolumeClaim?.claimName === name ||
        (ephemeral !== undefined && name === `${pod.metadata?.name}-${volume}`),
    ),
  serviceaccounts: (pod, name) => pod.spec?.serviceAccountName === name,
  resourceclaims: (pod, name) =>
    (pod.spec?.resourceClaims?.some((claim) => claim.resourceClaimName === name) ?? false) ||
    (pod.status?.resourceClaimStatuses?.some((claim) => claim.resourceClaimName === name) ?? false),
}

function volumesOf(pod: DeepReadonly<Pod>): readonly DeepReadonly<Volume>[] {
  return pod.spec?.volumes ?? []
}

function containersOf({ spec }: DeepReadonly<Pod>): readonly AnyContainer[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])]
}

function containerNamesSecret({ env, envFrom }: AnyContainer, name: string): boolean {
  return (
    (envFrom?.some((source) => source.secretRef?.name === name) ?? false) ||
    (env?.some((variable) => variable.valueFrom?.secretKeyRef?.name === name) ?? false)
  )
}

function containerNamesConfigMap({ env, envFrom }: AnyContainer, name: string): boolean {
  return (
    (envFrom?.some((source) => source.configMapRef?.name === name) ?? false) ||
    (env?.some((variable) => variable.valueFrom?.configMapKeyRef?.name === name) ?? false)
  )
}

function volumeNamesSecret(volume: DeepReadonly<Volume>, name: string): boolean {
  return secretsOf(volume).includes(name)
}

function secretsOf(volume: DeepReadonly<Volume>): string[] {
  const { secret, projected, csi, azureFile, cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos } = volume
  const names = [
    secret?.secretName,
    csi?.nodePublishSecretRef?.name,
    azureFile?.secretName,
    ...[cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos].map((source) => source?.secretRef?.name),
    ...(projected?.sources ?? []).map((source) => source.secret?.name),
  ]
  return names.filter((name) => name !== undefined)
}

/** Whether a Pod's spec names any Secret. After VisitPodSecretNames. */
export function namesSecrets(pod: DeepReadonly<Pod>): boolean {
  const usesOne = ({ env = [], envFrom = [] }: AnyContainer) =>
    envFrom.some(({ secretRef }) => secretRef) || env.some(({ valueFrom }) => valueFrom?.secretKeyRef)
  return (
    (pod.spec?.imagePullSecrets?.length ?? 0) > 0 ||
    containersOf(pod).some(usesOne) ||
    volumesOf(pod).some((volume) => secretsOf(volume).length > 0)
  )
}

/** The first kind of API object that a Pod's spec names, if any. After kubernetes pkg/api/pod HasAPIObjectReference v1.36. */
export function apiObjectReference(pod: DeepReadonly<Pod>): string | undefined {
  if (pod.spec?.serviceAccountName) return 'serviceaccounts'
  if (pod.spec?.imagePullSecrets?.length) return 'secrets'
  for (const { env = [], envFrom = [] } of containersOf(pod)) {
    if (envFrom.some(({ secretRef }) => secretRef) || env.some(({ valueFrom }) => valueFrom?.secretKeyRef))
      return 'secrets'
    if (envFrom.some(({ configMapRef }) => configMapRef) || env.some(({ valueFrom }) => valueFrom?.configMapKeyRef)) {
      return 'configmaps'
    }
  }
  if (pod.spec?.resourceClaims?.length) return 'resourceclaims'
  for (const volume of volumesOf(pod)) {
    const found = volumeReference(volume)
    if (found !== undefined) return found
  }
  return undefined
}

/** Volumes that live on the node alone name nothing; every other kind may. */
function volumeReference({ name: _name, ...sources }: DeepReadonly<Volume>): string | undefined {
  if (sources.secret) return 'secrets'
  if (sources.configMap) return 'configmaps'
  if (sources.persistentVolumeClaim || sources.ephemeral) return 'persistentvolumeclaims'
  for (const source of sources.projected?.sources ?? []) {
    if (source.secret) return 'secrets (via projected volumes)'
    if (source.configMap) return 'configmaps (via projected volumes)'
    if (source.serviceAccountToken) return 'serviceaccounts (via projected volumes)'
    if (source.clusterTrustBundle) return 'clustertrustbundles'
  }
  const onNode: ReadonlySet<string> = new Set(['emptyDir', 'hostPath', 'downwardAPI', 'projected', 'image', 'gitRepo'])
  const other = Object.keys(sources).find((key) => !onNode.has(key))
  return other && `${other} volumes`
}
