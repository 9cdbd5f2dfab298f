import { clusterRoleAggregation } from './cluster-role-aggregation.ts'
import type { Controller } from './controller.ts'
import { cronJob } from './cron-job/cron-job-controller.ts'
import { daemonSet } from './daemon-set/daemon-set-controller.ts'
import { deployment } from './deployment/deployment-controller.ts'
import { disruption } from './disruption/disruption-controller.ts'
import { endpointSlice } from './endpoints/endpoint-slice-controller.ts'
import { endpointSliceMirroring } from './endpoints/endpoint-slice-mirroring-controller.ts'
import { endpointsController } from './endpoints/endpoints-controller.ts'
import { garbageCollector } from './garbage-collector/garbage-collector.ts'
import { job } from './job/job-controller.ts'
import { namespace } from './namespace/namespace-controller.ts'
import { nodeIpam } from './node-ipam.ts'
import { nodeLifecycle } from './node-lifecycle/node-lifecycle-controller.ts'
import { podGarbageCollector } from './pod-garbage-collector.ts'
import { claimProtection, volumeAttributesClassProtection, volumeProtection } from './protection.ts'
import { replicaSet, replication } from './replica-set/replica-set-controller.ts'
import { resourceQuota } from './resource-quota/resource-quota-controller.ts'
import { rootCaPublisher } from './root-ca-publisher.ts'
import { serviceAccountToken } from './service-account-tokens.ts'
import { serviceAccount } from './service-accounts.ts'
import { serviceCidrs } from './service-cidrs.ts'
import { statefulSet } from './stateful-set/stateful-set-controller.ts'
import { taintEviction } from './taint-eviction.ts'
import { ttlAfterFinished } from './ttl-after-finished.ts'
import { validatingAdmissionPolicyStatus } from './validating-admission-policy-status/validating-admission-policy-status.ts'

/** Every controller there is. A new one is a file, a test and a line here. */
export const controllers: readonly Controller[] = [
  serviceAccount,
  serviceAccountToken,
  rootCaPublisher,
  namespace,
  garbageCollector,
  clusterRoleAggregation,
  replicaSet,
  replication,
  deployment,
  daemonSet,
  statefulSet,
  job,
  cronJob,
  disruption,
  resourceQuota,
  endpointSlice,
  endpointSliceMirroring,
  endpointsController,
  nodeIpam,
  nodeLifecycle,
  taintEviction,
  podGarbageCollector,
  claimProtection,
  volumeProtection,
  volumeAttributesClassProtection,
  serviceCidrs,
  ttlAfterFinished,
  validatingAdmissionPolicyStatus,
]
