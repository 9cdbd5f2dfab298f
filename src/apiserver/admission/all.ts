import type { Authorizer } from '../authorization/authorizer.ts'
import { roleEscalationCheck } from '../authorization/escalation.ts'
import type { RbacAuthorizer } from '../authorization/rbac.ts'
import { refuseWhileTerminating } from '../crd/terminating.ts'
import type { AdmissionPlugin } from './admission.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { podSecurity } from './pod-security/pod-security.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
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
}

export interface AdmissionFlags {
  /** By name, such as `PodSecurity`. */
  readonly disabled: readonly string[]
}

/** The plugins that are on, in upstream's order. Throws for a name that no plugin has. */
export function admissionPlugins(services: AdmissionServices, { disabled }: AdmissionFlags): AdmissionPlugin[] {
  const { reader, authorizer, rbac } = services
  const all: readonly AdmissionPlugin[] = [
    namespaceLifecycle(reader),
    limitRanger(reader),
    serviceAccount(services),
    nodeRestriction(reader),
    taintNodesByCondition,
    podSecurity(reader),
    priority(reader),
    defaultTolerationSeconds,
    defaultStorageClass(reader),
    storageObjectInUseProtection,
    persistentVolumeClaimResize(reader),
    runtimeClass(reader),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    certificateSubjectRestriction,
    defaultIngressClass(reader),
    podTopologyLabels(reader),
    // No plugin upstream: part of its storage of roles, behind all mutation and before validation.
    roleEscalationCheck(authorizer, rbac),
    mutatingAdmissionWebhook(services),
    validatingAdmissionWebhook(services),
    // The last: what takes from a quota must have passed everything else.
    resourceQuota(services),
  ]
  const names = new Set(all.map(({ name }) => name))
  const unknown = disabled.find((name) => !names.has(name))
  if (unknown !== undefined)
    throw new Error(`there is no admission plugin ${unknown}; there are ${[...names].join(', ')}`)
  // Around all plugins upstream, and not one that can be disabled.
  return [refuseWhileTerminating(reader), ...all.filter(({ name }) => !disabled.includes(name))]
}
