import { milliOf } from '../../machinery/quantity.ts'
import type {
  Container,
  EphemeralContainer,
  HTTPGetAction,
  LifecycleHandler,
  PersistentVolumeClaimSpec,
  PodSpec,
  Probe,
  ProjectedVolumeSource,
  ResourceRequirements,
  Volume,
} from '../types/core/v1.ts'
import { defaultPullPolicy } from './image-name.ts'

/**
 * The defaults of a Pod's spec, shared by Pods and everything that has a Pod template. After pkg/apis/core/v1
 * defaults.go, zz_generated.defaults.go and the conversions that mirror old fields into new ones.
 */
export function applyPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= 'ClusterFirst'
  spec.restartPolicy ||= 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  spec.schedulerName ||= 'default-scheduler'
  mirrorServiceAccount(spec)
  for (const container of spec.initContainers ?? []) applyContainerDefaults(container)
  for (const container of spec.containers ?? []) applyContainerDefaults(container)
  for (const container of spec.ephemeralContainers ?? []) applyContainerDefaults(container)
  roundUpToMilli(spec.overhead)
  roundUpToMilli(spec.resources?.limits)
  roundUpToMilli(spec.resources?.requests)
  for (const volume of spec.volumes ?? []) applyVolumeDefaults(volume)
}

/** `serviceAccount` is the old name of `serviceAccountName`; both are always the same. */
function mirrorServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount
  if (!name) return
  spec.serviceAccountName = name
  spec.serviceAccount = name
}

function applyContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image ?? '')
  container.terminationMessagePath ||= '/dev/termination-log'
  container.terminationMessagePolicy ||= 'File'
  container.resources ??= {}
  roundUpToMilli(container.resources.limits)
  roundUpToMilli(container.resources.requests)
  for (const port of container.ports ?? []) port.protocol ||= 'TCP'
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ||= 'v1'
    if (valueFrom?.fileKeyRef) valueFrom.fileKeyRef.optional ??= false
  }
  if (container.livenessProbe) applyProbeDefaults(container.livenessProbe)
  if (container.readinessProbe) applyProbeDefaults(container.readinessProbe)
  if (container.startupProbe) applyProbeDefaults(container.startupProbe)
  if (container.lifecycle?.postStart) applyHandlerDefaults(container.lifecycle.postStart)
  if (container.lifecycle?.preStop) applyHandlerDefaults(container.lifecycle.preStop)
}

function applyProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  applyHandlerDefaults(probe)
  if (probe.grpc) probe.grpc.service ??= ''
}

function applyHandlerDefaults(handler: Pick<LifecycleHandler, 'httpGet'>): void {
  if (handler.httpGet) applyHttpGetDefaults(handler.httpGet)
}

function applyHttpGetDefaults(httpGet: HTTPGetAction): void {
  httpGet.path ||= '/'
  httpGet.scheme ||= 'HTTP'
}

/** Amounts finer than a thousandth are rounded up. After SetDefaults_ResourceList. */
export function roundUpToMilli(resources: Record<string, string> | undefined): void {
  for (const name in resources) {
    const text = resources[name]!
    // Only in canonical form: the suffix tells how fine the amount is.
    if (/[nu]$/.test(text)) resources[name] = `${milliOf(text)}m`
  }
}

/** 0644, the mode of files in volumes made from API objects. */
const defaultFileMode = 0o644

function applyVolumeDefaults(volume: Volume): void {
  if (!hasSource(volume)) volume.emptyDir = {}
  if (volume.secret) volume.secret.defaultMode ??= defaultFileMode
  if (volume.configMap) volume.configMap.defaultMode ??= defaultFileMode
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= defaultFileMode
    for (const item of volume.downwardAPI.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ||= 'v1'
  }
  if (volume.projected) applyProjectedDefaults(volume.projected)
  if (volume.hostPath) volume.hostPath.type ??= ''
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? '')
  if (volume.ephemeral?.volumeClaimTemplate?.spec) {
    applyVolumeClaimSpecDefaults(volume.ephemeral.volumeClaimTemplate.spec)
  }
  applyStorageSystemDefaults(volume)
}

function hasSource(volume: Volume): boolean {
  const sources = volume as unknown as Readonly<Record<string, unknown>>
  for (const key in sources) {
    if (key !== 'name' && sources[key] !== undefined && sources[key] !== null) return true
  }
  return false
}

function applyProjectedDefaults(projected: ProjectedVolumeSource): void {
  projected.defaultMode ??= defaultFileMode
  for (const { serviceAccountToken, downwardAPI } of projected.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 60 * 60
    for (const item of downwardAPI?.items ?? []) if (item.fieldRef) item.fieldRef.apiVersion ||= 'v1'
  }
}

/** The in-tree storage systems, of which Pod volumes and persistent volumes share the fields. */
export interface StorageSystems {
  iscsi?: { iscsiInterface?: string }
  rbd?: { pool?: string; user?: string; keyring?: string }
  azureDisk?: { cachingMode?: string; fsType?: string; readOnly?: boolean; kind?: string }
  scaleIO?: { storageMode?: string; fsType?: string }
}

export function applyStorageSystemDefaults({ iscsi, rbd, azureDisk, scaleIO }: StorageSystems): void {
  if (iscsi) iscsi.iscsiInterface ||= 'default'
  if (rbd) {
    rbd.pool ||= 'rbd'
    rbd.user ||= 'admin'
    rbd.keyring ||= '/etc/ceph/keyring'
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
    azureDisk.kind ??= 'Shared'
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned'
    scaleIO.fsType ||= 'xfs'
  }
}

export function applyVolumeClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem'
  roundUpToMilli(spec.resources?.limits)
  roundUpToMilli(spec.resources?.requests)
}

/** A limit without a request is also the request: Pods only, not templates. After SetDefaults_Pod. */
export function defaultRequestsFromLimits(resources: ResourceRequirements | undefined): void {
  if (!resources?.limits) return
  resources.requests ??= {}
  for (const name in resources.limits) {
    const limit = resources.limits[name]
    if (limit !== undefined && !Object.hasOwn(resources.requests, name)) resources.requests[name] = limit
  }
}

/** On the host's network a container's ports are the host's: Pods only, not templates. */
export function defaultHostPorts(containers: readonly Container[] | undefined): void {
  for (const container of containers ?? []) {
    for (const port of container.ports ?? []) {
      if (!port.hostPort) port.hostPort = port.containerPort
    }
  }
}
