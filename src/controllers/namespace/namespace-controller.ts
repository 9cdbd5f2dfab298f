import type { Namespace } from '../../api/types/core/v1.ts'
import { namespaces } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import { retryOnConflict } from '../../client/retry-on-conflict.ts'
import type { DeepReadonly, Stored } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { type Controller, type ControllerContext, type ReconcileResult, watch } from '../controller.ts'
import { messageOf } from '../pod-control.ts'
import { namespaceConditions } from './namespace-conditions.ts'
import { deleteContent } from './namespace-content.ts'

const finalizer = 'kubernetes'

type Found = DeepReadonly<Stored<Namespace>>

/** Empties namespaces that are being deleted and lets them go. After pkg/controller/namespace. */
export const namespace: Controller = {
  name: 'namespace-controller',
  serviceAccount: 'namespace-controller',
  workers: 10,
  create: (context) => ({
    watches: [
      watch(context.informers.informerFor(namespaces), ({ object, type }) =>
        type !== 'deleted' && object.metadata.deletionTimestamp ? [object.metadata.name] : [],
      ),
    ],
    reconcile: (name, signal) => finish(context, name, signal),
  }),
}

async function finish(
  context: ControllerContext,
  name: string,
  signal: AbortSignal,
): Promise<ReconcileResult | undefined> {
  const { client, clock } = context
  const found = await read(client, name)
  if (!found?.metadata.deletionTimestamp || !found.spec?.finalizers?.includes(finalizer)) return undefined
  const terminating = await markTerminating(client, found)
  if (!terminating) return undefined
  const terminatingMs = clock.nowMs() - Date.parse(found.metadata.deletionTimestamp)
  const { remains, estimateMs } = await deleteContent({ client, namespace: name, terminatingMs, signal })
  await noteRemains(context, name, (present) => namespaceConditions(present, remains, clock.nowMs()))
  const problems = [...remains.discoveryFailures.map(({ error }) => error), ...remains.deletionErrors]
  if (problems.length > 0)
    throw new AggregateError(problems, `namespace ${name}: ${problems.map(messageOf).join(', ')}`)
  // Half the estimate and a second, as upstream: what waits for grace often ends early.
  if (estimateMs !== undefined) return { requeueAfterMs: estimateMs / 2 + 1000 }
  await finalize(client, name)
  return undefined
}

async function read(client: Client, name: string): Promise<Found | undefined> {
  try {
    return await client.of(namespaces).get(name)
  } catch (error) {
    if (isStatus(error, 'NotFound')) return undefined
    throw error
  }
}

/** No new content is let in once the phase says Terminating. */
async function markTerminating(client: Client, found: Found): Promise<Found | undefined> {
  if (found.status?.phase === 'Terminating') return found
  return retryOnConflict(async () => {
    const fresh = await read(client, found.metadata.name)
    if (!fresh || fresh.status?.phase === 'Terminating') return fresh
    const draft = structuredClone(fresh) as Namespace
    draft.status = { ...draft.status, phase: 'Terminating' }
    return client.of(namespaces).updateStatus(draft)
  })
}

type Conditions = NonNullable<NonNullable<Namespace['status']>['conditions']>

async function noteRemains(
  { client }: ControllerContext,
  name: string,
  conditionsAfter: (present: DeepReadonly<Conditions>) => Conditions | undefined,
): Promise<void> {
  await retryOnConflict(async () => {
    const fresh = await read(client, name)
    const conditions = fresh && conditionsAfter(fresh.status?.conditions ?? [])
    if (!conditions) return
    const draft = structuredClone(fresh) as Namespace
    draft.status = { ...draft.status, conditions }
    await client.of(namespaces).updateStatus(draft)
  })
}

async function finalize(client: Client, name: string): Promise<void> {
  await retryOnConflict(async () => {
    const fresh = await read(client, name)
    if (!fresh) return
    const draft = structuredClone(fresh) as Namespace
    const finalizers = (draft.spec?.finalizers ?? []).filter((other) => other !== finalizer)
    draft.spec = { ...draft.spec, finalizers }
    try {
      await client.of(namespaces).updateSubresource(name, 'finalize', draft)
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  })
}
