import type { ApiOperation, NodeOperation, ProcessOperation } from './operation.ts'
import { applyToRunning } from './operations/apply-to-running.ts'
import { createConfigMap } from './operations/create-config-map.ts'
import { createPod } from './operations/create-pod.ts'
import { deletePod } from './operations/delete-pod.ts'
import { getPod } from './operations/get-pod.ts'
import { idle } from './operations/idle.ts'
import { listByLabel } from './operations/list-by-label.ts'
import { listPods } from './operations/list-pods.ts'
import { memoryWhenReady } from './operations/memory-when-ready.ts'
import { podsAtOnce } from './operations/pods-at-once.ts'
import { schedulePods } from './operations/schedule-pods.ts'
import { start } from './operations/start.ts'
import { watchFanOut } from './operations/watch-fan-out.ts'

/** Everything that is measured, in order. Later operations of a list use the objects of earlier ones. */
export const processOperations: readonly ProcessOperation[] = [start, memoryWhenReady]

export const apiOperations: readonly ApiOperation[] = [
  createConfigMap,
  createPod,
  getPod,
  listPods,
  listByLabel,
  watchFanOut,
  deletePod,
]

/** On a server with a scheduler. */
export const schedulerOperations: readonly ApiOperation[] = [schedulePods]

/** On a node that runs Pods, which is idle first. */
export const nodeOperations: readonly NodeOperation[] = [idle, applyToRunning, podsAtOnce]
