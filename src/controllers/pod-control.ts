import type { Pod, PodTemplateSpec } from '../api/types/core/v1.ts'
import { pods } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { EventRecorder } from '../client/event-recorder.ts'
import type { DeepReadonly, KubeObject, OwnerReference } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'

/** Creates and deletes Pods for an owner, with upstream's events on it. */
export interface PodControl {
  create(owner: DeepReadonly<KubeObject>, pod: Pod): Promise<void>
  /** A Pod that is gone already throws NotFound, without an event. */
  delete(owner: DeepReadonly<KubeObject>, name: string): Promise<void>
}

/** After pkg/controller controller_utils.go RealPodControl. */
export function createPodControl({ client, events }: { client: Client; events: EventRecorder }): PodControl {
  return {
    async create(owner, pod) {
      try {
        const created = await client.of(pods).create(pod)
        events.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
      } catch (error) {
        if (!isNamespaceTerminating(error)) {
          events.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`)
        }
        throw error
      }
    },
    async delete(owner, name) {
      const namespace = owner.metadata?.namespace ?? ''
      try {
        await client.of(pods).delete(name, { namespace })
        events.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`)
      } catch (error) {
        if (!isStatus(error, 'NotFound')) {
          events.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`)
        }
        throw error
      }
    },
  }
}

/** A Pod after the owner's template, named by the server. After controller_utils.go GetPodFromTemplate. */
export function podFromTemplate(owner: DeepReadonly<KubeObject>, template: DeepReadonly<PodTemplateSpec> = {}): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata?.name}-`,
      namespace: owner.metadata?.namespace ?? '',
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: structuredClone(template.spec) as NonNullable<Pod['spec']>,
  }
}

/** The reference of the one owner that controls. After metav1.NewControllerRef. */
export function controllerReference(owner: DeepReadonly<KubeObject>): OwnerReference {
  const { apiVersion = '', kind = '', metadata = {} } = owner
  const { name = '', uid = '' } = metadata
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** Whether a create was refused because its namespace is going away: not worth an event or a retry. */
export function isNamespaceTerminating(error: unknown): boolean {
  if (!isStatus(error, 'Forbidden')) return false
  return error.status.details?.causes?.some(({ reason }) => String(reason) === 'NamespaceTerminating') ?? false
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
