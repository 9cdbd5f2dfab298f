import type { ResourceRef } from '../../api/resource-ref.ts'
import type { ReplicaSet, ReplicaSetStatus } from '../../api/types/apps/v1.ts'
import type { PodTemplateSpec, ReplicationController } from '../../api/types/core/v1.ts'
import { replicaSets, replicationControllers } from '../../api/types/resources.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { Labels } from '../../machinery/selectors.ts'
import { labelsMatch, selectorMatches } from '../label-match.ts'

/** What ReplicaSets and ReplicationControllers have in common, so that one controller looks after both. */
export interface PodOwnerKind<T extends KubeObject> {
  readonly controllerName: string
  readonly serviceAccount: string
  readonly apiVersion: string
  readonly kind: string
  readonly resource: ResourceRef<T>
  /** Whether the status counts terminating Pods. */
  readonly countsTerminating: boolean
  readonly read: (owner: DeepReadonly<T>) => PodOwner
}

export interface PodOwner {
  readonly replicas: number
  readonly minReadySeconds: number
  readonly template: DeepReadonly<PodTemplateSpec>
  readonly status: DeepReadonly<Partial<ReplicaSetStatus>>
  readonly selects: (labels: Labels | undefined) => boolean
}

export const replicaSetKind: PodOwnerKind<ReplicaSet> = {
  controllerName: 'replicaset-controller',
  serviceAccount: 'replicaset-controller',
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  resource: replicaSets,
  countsTerminating: true,
  read: ({ spec, status }) => ({
    replicas: spec?.replicas ?? 1,
    minReadySeconds: spec?.minReadySeconds ?? 0,
    template: spec?.template ?? {},
    status: status ?? {},
    selects: (labels) => selectorMatches(spec?.selector, labels),
  }),
}

export const replicationControllerKind: PodOwnerKind<ReplicationController> = {
  controllerName: 'replication-controller',
  serviceAccount: 'replication-controller',
  apiVersion: 'v1',
  kind: 'ReplicationController',
  resource: replicationControllers,
  countsTerminating: false,
  read: ({ spec, status }) => ({
    replicas: spec?.replicas ?? 1,
    minReadySeconds: spec?.minReadySeconds ?? 0,
    template: spec?.template ?? {},
    status: status ?? {},
    selects: (labels) => labelsMatch(spec?.selector ?? {}, labels),
  }),
}
