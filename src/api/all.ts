import * as policies from './admissionregistration/policies.ts'
import * as webhooks from './admissionregistration/webhooks.ts'
import { customResourceDefinition } from './apiextensions/custom-resource-definition.ts'
import { apiService } from './apiregistration/api-service.ts'
import { controllerRevision } from './apps/controller-revision.ts'
import { daemonSet } from './apps/daemon-set.ts'
import { deployment } from './apps/deployment.ts'
import { replicaSet } from './apps/replica-set.ts'
import { statefulSet } from './apps/stateful-set.ts'
import { selfSubjectReview, tokenReview } from './authentication/reviews.ts'
import * as authorization from './authorization/reviews.ts'
import { horizontalPodAutoscaler, horizontalPodAutoscalerV1 } from './autoscaling/horizontal-pod-autoscaler.ts'
import { cronJob } from './batch/cron-job.ts'
import { job } from './batch/job.ts'
import { certificateSigningRequest } from './certificates/certificate-signing-request.ts'
import { lease } from './coordination/lease.ts'
import { binding, componentStatus } from './core/component-status.ts'
import { configMap } from './core/config-map.ts'
import { endpoints } from './core/endpoints.ts'
import { event } from './core/event.ts'
import { limitRange } from './core/limit-range.ts'
import { namespace } from './core/namespace.ts'
import { node } from './core/node.ts'
import { persistentVolume } from './core/persistent-volume.ts'
import { persistentVolumeClaim } from './core/persistent-volume-claim.ts'
import { pod } from './core/pod.ts'
import { podTemplate } from './core/pod-template.ts'
import { replicationController } from './core/replication-controller.ts'
import { resourceQuota } from './core/resource-quota.ts'
import { secret } from './core/secret.ts'
import { service } from './core/service.ts'
import { serviceAccount } from './core/service-account.ts'
import { endpointSlice } from './discovery/endpoint-slice.ts'
import { eventV1 } from './events/event.ts'
import { flowSchema } from './flowcontrol/flow-schema.ts'
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts'
import { ingress } from './networking/ingress.ts'
import { ingressClass } from './networking/ingress-class.ts'
import { ipAddress, serviceCIDR } from './networking/ip-address.ts'
import { networkPolicy } from './networking/network-policy.ts'
import { runtimeClass } from './node/runtime-class.ts'
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts'
import { clusterRole, clusterRoleBinding, role, roleBinding } from './rbac/roles.ts'
import { deviceClass } from './resource/device-class.ts'
import { resourceClaim, resourceClaimTemplate } from './resource/resource-claims.ts'
import { resourceSlice } from './resource/resource-slice.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { priorityClass } from './scheduling/priority-class.ts'
import { csiDriver, csiNode, csiStorageCapacity } from './storage/csi.ts'
import { storageClass, volumeAttributesClass } from './storage/storage-class.ts'
import { volumeAttachment } from './storage/volume-attachment.ts'

/** Every kind that upstream v1.36 serves by default, in the order of its discovery. */
export const builtInResources: readonly ResourceDefinition[] = [
  binding,
  componentStatus,
  configMap,
  endpoints,
  event,
  limitRange,
  namespace,
  node,
  persistentVolumeClaim,
  persistentVolume,
  pod,
  podTemplate,
  replicationController,
  resourceQuota,
  secret,
  serviceAccount,
  service,
  apiService,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  eventV1,
  selfSubjectReview,
  tokenReview,
  authorization.localSubjectAccessReview,
  authorization.selfSubjectAccessReview,
  authorization.selfSubjectRulesReview,
  authorization.subjectAccessReview,
  horizontalPodAutoscaler,
  horizontalPodAutoscalerV1,
  cronJob,
  job,
  certificateSigningRequest,
  ingressClass,
  ingress,
  ipAddress,
  networkPolicy,
  serviceCIDR,
  podDisruptionBudget,
  clusterRoleBinding,
  clusterRole,
  roleBinding,
  role,
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
  policies.mutatingAdmissionPolicy,
  policies.mutatingAdmissionPolicyBinding,
  webhooks.mutatingWebhookConfiguration,
  policies.validatingAdmissionPolicy,
  policies.validatingAdmissionPolicyBinding,
  webhooks.validatingWebhookConfiguration,
  customResourceDefinition,
  priorityClass,
  lease,
  runtimeClass,
  endpointSlice,
  flowSchema,
  priorityLevelConfiguration,
  deviceClass,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
]
