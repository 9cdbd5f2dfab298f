import { schemaForKind } from '../../../api/schema/schema.ts'
import type { Pod, PodCondition } from '../../../api/types/core/v1.ts'
import type { Eviction } from '../../../api/types/policy/v1.ts'
import { badRequest, conflict } from '../../../machinery/errors.ts'
import type { DeepReadonly, KubeObject, Stored } from '../../../machinery/object.ts'
import { isStatus } from '../../../machinery/status.ts'
import type { Answer, RequestContext } from '../../request.ts'
import { admissionAttributes } from '../admit.ts'
import { readBody } from '../body.ts'
import { deleteObject } from '../delete-object.ts'
import { decodeBody } from '../draft.ts'
import { currentObject } from '../get.ts'
import type { ResourceRequest, RestServices } from '../resource-request.ts'
import { rewriteObject } from '../rewrite.ts'
import { timeText } from '../write-metadata.ts'
import {
  type DeleteOptions,
  optionsObject,
  type RawDeleteOptions,
  validDeleteOptions,
  type WriteOptions,
  writeOptions,
} from '../write-options.ts'
import { budgetVerdict, stillProcessed } from './disruption-budget.ts'
import type { SubresourceHandler } from './handler.ts'

const evictionKind = { group: 'policy', version: 'v1', kind: 'Eviction' }

/** Lost races before an eviction is given up. */
const maxAttempts = 20

/** POST to `pods/<name>/eviction`: a deletion that asks the Pod's disruption budget. After EvictionREST v1.36. */
export function evictionHandler(services: RestServices): SubresourceHandler {
  return async (context, target) => {
    const request = { ...target, services, context }
    const options = writeOptions(context.query, 'CreateOptions')
    const eviction = await readEviction(services, context, options)
    if (eviction.metadata?.name && eviction.metadata.name !== target.name) {
      throw badRequest('name in URL does not match name in Eviction object')
    }
    const given = validDeleteOptions((eviction.deleteOptions ?? {}) as RawDeleteOptions)
    const deleteOptions = { ...given, dryRun: given.dryRun || options.dryRun }
    await admit(request, eviction, options)
    return evict(request, deleteOptions)
  }
}

async function readEviction(
  { registry }: RestServices,
  context: RequestContext,
  { fieldValidation }: WriteOptions,
): Promise<Eviction> {
  const expected = { ...evictionKind, schema: schemaForKind(evictionKind) }
  const decoded = decodeBody(await readBody(context), expected, {
    registry,
    fieldValidation,
    warnings: context.warnings,
  })
  return decoded as KubeObject as Eviction
}

async function admit(request: ResourceRequest, eviction: Eviction, options: WriteOptions): Promise<void> {
  const { admission } = request.services
  const attributes = admissionAttributes(request, {
    operation: 'CREATE',
    name: request.name,
    object: eviction,
    oldObject: undefined,
    options: optionsObject('CreateOptions', options),
    dryRun: options.dryRun,
  })
  await admission.mutate(attributes)
  await admission.validate(attributes)
}

async function evict(request: ResourceRequest, options: DeleteOptions): Promise<Answer> {
  if (await evictWithoutBudget(request, options)) return success
  const pod = await currentPod(request)
  const verdict = await budgetVerdict(request, pod, options.dryRun)
  if (verdict.kind === 'refused') return { kind: 'status', status: verdict.status }
  const pinned = verdict.kind === 'unhealthy' ? pinnedTo(pod, options) : options
  try {
    await markAndDelete(request, pinned)
  } catch (error) {
    const isRaced = verdict.kind === 'unhealthy' && isStatus(error, 'Conflict') && !isPinned(options)
    throw isRaced ? stillProcessed(verdict.budget) : error
  }
  return success
}

const success: Answer = {
  kind: 'object',
  status: 201,
  object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } as KubeObject,
}

/** Pods that run nothing, or are going already, count for no budget. True: it is done. */
async function evictWithoutBudget(request: ResourceRequest, options: DeleteOptions): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const pod = await currentPod(request)
    if (!ignoresBudgets(pod)) return false
    const isPending = pod.status?.phase === 'Pending' && !pod.metadata.deletionTimestamp
    try {
      await markAndDelete(request, isPending && !isPinned(options) ? pinnedTo(pod, options) : options)
      return true
    } catch (error) {
      if (!isStatus(error, 'Conflict') || isPinned(options) || attempt >= maxAttempts) throw error
    }
  }
}

type StoredPod = DeepReadonly<Stored<Pod>>

async function currentPod(request: ResourceRequest): Promise<StoredPod> {
  return (await currentObject(request)).object as StoredPod
}

function ignoresBudgets({ status, metadata }: StoredPod): boolean {
  const phase = status?.phase
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || !!metadata.deletionTimestamp
}

function isPinned({ preconditions }: DeleteOptions): boolean {
  return preconditions?.resourceVersion !== undefined
}

/** The same deletion, but only of the Pod as it was seen. */
function pinnedTo({ metadata }: StoredPod, options: DeleteOptions): DeleteOptions {
  return { ...options, preconditions: { ...options.preconditions, resourceVersion: metadata.resourceVersion } }
}

async function markAndDelete(request: ResourceRequest, options: DeleteOptions): Promise<void> {
  if (options.dryRun) {
    await deleteObject(request, request.name, { ...options })
    return
  }
  const change = (pod: DeepReadonly<Pod>) => disruptedPod(request, pod, options)
  const { object } = await rewriteObject({ request, name: request.name, dryRun: false, change })
  const pinned = isPinned(options) ? pinnedTo(object as StoredPod, options) : options
  await deleteObject(request, request.name, { ...pinned })
}

function disruptedPod({ services }: ResourceRequest, pod: DeepReadonly<Pod>, { preconditions }: DeleteOptions): Pod {
  const { uid, resourceVersion, name } = pod.metadata!
  const wanted = preconditions ?? {}
  if (wanted.uid && wanted.uid !== uid) throw preconditionFailed(name!, 'UID', wanted.uid, uid!)
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    throw preconditionFailed(name!, 'ResourceVersion', wanted.resourceVersion, resourceVersion!)
  }
  const current = pod as Pod
  const conditions = current.status?.conditions ?? []
  const old = conditions.find(({ type }) => type === 'DisruptionTarget')
  const target: PodCondition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: (old?.status === 'True' && old.lastTransitionTime) || timeText(services.clock.nowMs()),
  }
  return {
    ...current,
    status: { ...current.status, conditions: [...conditions.filter((each) => each !== old), target] },
  }
}

function preconditionFailed(name: string, label: 'UID' | 'ResourceVersion', wanted: string, actual: string) {
  const consequence = label === 'UID' ? 'deleted and then recreated' : 'modified'
  const why = `the ${label} in the precondition (${wanted}) does not match the ${label} in record (${actual}). The object might have been ${consequence}`
  return conflict({ group: '', resource: 'Pod' }, name, why)
}
