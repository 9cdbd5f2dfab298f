import type { Authorizer } from '../authorization/authorizer.ts'
import { roleEscalationCheck } from '../authorization/escalation.ts'
import type { RbacAuthorizer } from '../authorization/rbac.ts'
import { ConfigurationError } from '../configuration/configuration-file.ts'
import { refuseWhileTerminating } from '../crd/terminating.ts'
import type { AdmissionPlugin } from './admission.ts'
import { alwaysAdmit, alwaysDeny } from './always.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from './certificates.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { denyServiceExternalIps } from './deny-service-external-ips.ts'
import { type EventRateLimitConfiguration, eventRateLimit } from './event-rate-limit.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceAutoProvision, namespaceExists } from './namespace-existence.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeDeclaredFeatureValidator } from './node-declared-feature-validator.ts'
import { nodeRestriction } from './node-restriction.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references-permission-enforcement.ts'
import { parameterPermission } from './parameter-permission.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { type PodNodeSelectorConfiguration, podNodeSelector } from './pod-node-selector.ts'
import { podResizeValidator } from './pod-resize-validator.ts'
import type { PodSecurityConfiguration } from './pod-security/configuration.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { type PodTolerationRestrictionConfiguration, podTolerationRestriction } from './pod-toleration-restriction.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { mutatingAdmissionPolicy } from './policy/mutating.ts'
import { validatingAdmissionPolicy } from './policy/validating.ts'
import { priority } from './priority.ts'
import { resourceClaimPermission } from './resource-claim-permission.ts'
import { type ResourceQuotaServices, resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import type { WebhookServices } from './webhook/invocation.ts'
import { mutatingAdmissionWebhook } from './webhook/mutating.ts'
import { validatingAdmissionWebhook } from './webhook/validating.ts'

export interface AdmissionServices extends ResourceQuotaServices, WebhookServices {
  readonly authorizer: Authorizer
  readonly rbac: RbacAuthorizer
  /** `base` and some random characters. */
  readonly generateName: (base: string) => string
  readonly createNamespace: (name: string) => Promise<void>
  readonly random: (limit: number) => number
  readonly sleep: (ms: number) => Promise<void>
}

/** What plugins are told by the file of --admission-control-config-file. */
export interface AdmissionConfiguration {
  readonly EventRateLimit?: EventRateLimitConfiguration
  /** Its `podNodeSelectorPluginConfig`. */
  readonly PodNodeSelector?: PodNodeSelectorConfiguration
  readonly PodTolerationRestriction?: PodTolerationRestrictionConfiguration
  readonly PodSecurity?: PodSecurityConfiguration
}

export interface AdmissionFlags {
  /** Beside those that are on by default. After --enable-admission-plugins. */
  readonly enabled?: readonly string[]
  /** By name, such as `PodSecurity`. After --disable-admission-plugins. */
  readonly disabled: readonly string[]
  readonly configuration?: AdmissionConfiguration
}

interface Choice {
  readonly name: string
  readonly isOn: boolean
  readonly make: () => AdmissionPlugin
}

const on = (name: string, make: () => AdmissionPlugin): Choice => ({ name, isOn: true, make })
const off = (name: string, make: () => AdmissionPlugin): Choice => ({ name, isOn: false, make })

/**
 * All plugins, in upstream's order. NodeRestriction is on, as everywhere that kubelets are not trusted. Those whose
 * kinds are not served (PodGroupProtection, PodGroupWorkloadExists, JobValidation) do nothing, and are left out.
 */
function choices(services: AdmissionServices, configuration: AdmissionConfiguration): readonly Choice[] {
  const { reader, authorizer, nowMs, createNamespace } = services
  return [
    off('AlwaysAdmit', () => alwaysAdmit),
    off('NamespaceAutoProvision', () => namespaceAutoProvision(reader, createNamespace)),
    on('NamespaceLifecycle', () => namespaceLifecycle(reader)),
    off('NamespaceExists', () => namespaceExists(reader)),
    off('LimitPodHardAntiAffinityTopology', () => limitPodHardAntiAffinityTopology),
    on('LimitRanger', () => limitRanger(reader)),
    on('ServiceAccount', () => serviceAccount(services)),
    on('NodeRestriction', () => nodeRestriction(services)),
    on('TaintNodesByCondition', () => taintNodesByCondition),
    off('AlwaysPullImages', () => alwaysPullImages),
    on('PodSecurity', () => podSecurity({ ...services, configuration: configuration.PodSecurity })),
    off('PodNodeSelector', () => podNodeSelector(reader, configuration.PodNodeSelector)),
    on('Priority', () => priority(reader)),
    on('DefaultTolerationSeconds', () => defaultTolerationSeconds),
    off('PodTolerationRestriction', () => podTolerationRestriction(reader, configuration.PodTolerationRestriction)),
    off('EventRateLimit', () => eventRateLimit(configuration.EventRateLimit ?? { limits: [] }, nowMs)),
    off('ExtendedResourceToleration', () => extendedResourceToleration),
    on('DefaultStorageClass', () => defaultStorageClass(reader)),
    on('StorageObjectInUseProtection', () => storageObjectInUseProtection),
    off('OwnerReferencesPermissionEnforcement', () => ownerReferencesPermissionEnforcement(services)),
    on('PersistentVolumeClaimResize', () => persistentVolumeClaimResize(reader)),
    on('RuntimeClass', () => runtimeClass(reader)),
    on('CertificateApproval', () => certificateApproval(authorizer)),
    on('CertificateSigning', () => certificateSigning(authorizer)),
    on('ClusterTrustBundleAttest', () => clusterTrustBundleAttest(authorizer)),
    on('CertificateSubjectRestriction', () => certificateSubjectRestriction),
    on('DefaultIngressClass', () => defaultIngressClass(reader)),
    off('DenyServiceExternalIPs', () => denyServiceExternalIps),
    on('PodTopologyLabels', () => podTopologyLabels(reader)),
    on('NodeDeclaredFeatureValidator', () => nodeDeclaredFeatureValidator(reader)),
    on('PodResizeValidator', () => podResizeValidator(reader)),
    on('MutatingAdmissionPolicy', () => mutatingAdmissionPolicy(services)),
    on('MutatingAdmissionWebhook', () => mutatingAdmissionWebhook(services)),
    on('ValidatingAdmissionPolicy', () => validatingAdmissionPolicy(services)),
    on('ValidatingAdmissionWebhook', () => validatingAdmissionWebhook(services)),
    // What takes from a quota must have passed everything else.
    on('ResourceQuota', () => resourceQuota(services)),
    off('AlwaysDeny', () => alwaysDeny),
  ]
}

/** Upstream knows these names too; what they look at is not served. */
const idlePlugins = ['PodGroupProtection', 'PodGroupWorkloadExists', 'JobValidation']

/** The plugins that are on, in upstream's order. Throws a ConfigurationError for a name that no plugin has. */
export function admissionPlugins(services: AdmissionServices, flags: AdmissionFlags): AdmissionPlugin[] {
  const { enabled = [], disabled, configuration = {} } = flags
  const all = choices(services, configuration)
  const names = [...all.map(({ name }) => name), ...idlePlugins]
  const unknown = [...enabled, ...disabled].find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new ConfigurationError(`there is no admission plugin ${unknown}; there are ${names.join(', ')}`)
  }
  const both = enabled.find((name) => disabled.includes(name))
  if (both !== undefined) throw new ConfigurationError(`the admission plugin ${both} is both enabled and disabled`)
  const { reader, authorizer, rbac } = services
  const chosen = all.filter(({ name, isOn }) => (isOn || enabled.includes(name)) && !disabled.includes(name))
  return [
    parameterPermission(services),
    // Around all plugins upstream, and not one that can be disabled.
    refuseWhileTerminating(reader),
    ...chosen.map(({ make }) => make()),
    // No plugins upstream: parts of its storage, behind all mutation and before validation.
    roleEscalationCheck(authorizer, rbac),
    resourceClaimPermission(reader, authorizer),
  ]
}
