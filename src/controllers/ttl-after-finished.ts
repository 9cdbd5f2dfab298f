import type { Job } from '../api/types/batch/v1.ts'
import { jobs } from '../api/types/resources.ts'
import { type DeepReadonly, objectKey } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { type Controller, watch } from './controller.ts'

/** Deletes finished Jobs when their `ttlSecondsAfterFinished` is over. After pkg/controller/ttlafterfinished. */
export const ttlAfterFinished: Controller = {
  name: 'ttl-after-finished-controller',
  serviceAccount: 'ttl-after-finished-controller',
  create: ({ client, clock, informers }) => {
    const all = informers.informerFor(jobs)
    return {
      watches: [watch(all, ({ object }) => [objectKey(object)])],
      async reconcile(key) {
        const job = all.get(key)
        const leftMs = job && timeLeftMs(job, clock.nowMs())
        if (!job || leftMs === undefined || job.metadata.deletionTimestamp) return undefined
        if (leftMs > 0) return { requeueAfterMs: leftMs }
        const { name, namespace = '', uid, resourceVersion } = job.metadata
        try {
          await client.of(jobs).delete(name, {
            namespace,
            propagationPolicy: 'Foreground',
            preconditions: { uid, resourceVersion },
          })
        } catch (error) {
          if (!isStatus(error, 'NotFound')) throw error
        }
        return undefined
      },
    }
  },
}

/** How long a Job may stay; undefined while it runs, or when it may stay for ever. */
export function timeLeftMs({ spec, status }: DeepReadonly<Job>, nowMs: number): number | undefined {
  const finished = status?.conditions?.find(
    ({ type, status: value }) => (type === 'Complete' || type === 'Failed') && value === 'True',
  )
  if (!finished?.lastTransitionTime || spec?.ttlSecondsAfterFinished === undefined) return undefined
  return Date.parse(finished.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000 - nowMs
}
