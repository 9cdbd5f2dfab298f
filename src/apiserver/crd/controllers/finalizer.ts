import type { CustomResourceDefinition } from '../../../api/types/apiextensions/v1.ts'
import { customResourceDefinitions } from '../../../api/types/resources.ts'
import { createWorkQueue, type WorkQueue } from '../../../client/work-queue.ts'
import { isStatus } from '../../../machinery/status.ts'
import type { Held } from '../../object-reader.ts'
import { isConditionTrue, type NewCondition, withCondition } from '../conditions.ts'
import type { DefinitionControllerOptions } from './definition-controller.ts'

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

/** As many definitions are cleaned up at the same time. */
const workers = 5

export interface FinalizerOptions extends DefinitionControllerOptions {
  /** Whether objects of the definition would lie where those of a built-in kind do. */
  readonly overlapsBuiltIn: (definition: Held<CustomResourceDefinition>) => boolean
  /** Deletes all objects and waits until they are gone. Answers why they are not. */
  readonly deleteInstances: (definition: Held<CustomResourceDefinition>) => Promise<InstancesLeft | undefined>
}

export interface InstancesLeft {
  readonly reason: 'InstanceDeletionFailed' | 'InstanceDeletionCheck'
  readonly message: string
}

/** Deletes the objects of definitions that are being deleted, until `signal` aborts. After controller/finalizer v1.36. */
export async function runFinalizer(options: FinalizerOptions, signal: AbortSignal): Promise<void> {
  const { reader, clock } = options
  const queue = createWorkQueue({ clock })
  const stop = reader.onChange(customResourceDefinitions, ({ object, previous }) => {
    // What is written here itself changes conditions only, and must not bring the definition back.
    if (object && isToClean(object) && !(previous && isToClean(previous))) queue.add(object.metadata.name)
  })
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })
  for (const definition of reader.list(customResourceDefinitions)) {
    if (isToClean(definition)) queue.add(definition.metadata.name)
  }
  if (signal.aborted) queue.shutDown()
  try {
    await Promise.all(Array.from({ length: workers }, () => work(options, queue)))
  } finally {
    stop()
  }
}

function isToClean({ metadata }: Held<CustomResourceDefinition>): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(cleanupFinalizer) === true
}

async function work(options: FinalizerOptions, queue: WorkQueue): Promise<void> {
  for (let name = await queue.next(); name !== undefined; name = await queue.next()) {
    try {
      if (await cleanUp(options, name)) queue.forget(name)
      else queue.addRateLimited(name)
    } catch (error) {
      options.log.warn('the objects of a custom resource definition could not be deleted', { name, error })
      queue.addRateLimited(name)
    } finally {
      queue.done(name)
    }
  }
}

/** False: to be tried again. */
async function cleanUp(options: FinalizerOptions, name: string): Promise<boolean> {
  const definition = options.reader.get(customResourceDefinitions, name)
  if (!definition || !isToClean(definition)) return true
  const marked = await write(options, definition, {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  })
  if (!marked) return false
  const end = await outcome(options, marked)
  if (end.status === 'True') {
    await write(options, marked, end)
    return false
  }
  const finalizers = marked.metadata.finalizers!.filter((finalizer) => finalizer !== cleanupFinalizer)
  return (await write(options, { ...marked, metadata: { ...marked.metadata, finalizers } }, end)) !== undefined
}

/** The condition at the end of the cleaning; its status is True as long as there are objects. */
async function outcome(options: FinalizerOptions, definition: Held<CustomResourceDefinition>): Promise<NewCondition> {
  const type = 'Terminating'
  if (options.overlapsBuiltIn(definition)) {
    const message = 'instances overlap with built-in resources in storage'
    return { type, status: 'False', reason: 'OverlappingBuiltInResource', message }
  }
  if (!isConditionTrue(definition, 'Established')) {
    return { type, status: 'False', reason: 'NeverEstablished', message: 'resource was never established' }
  }
  const left = await options.deleteInstances(definition)
  if (left) return { type, status: 'True', ...left }
  return { type, status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }
}

/** Undefined: deleted or changed meanwhile. */
async function write(
  { client, clock }: FinalizerOptions,
  definition: Held<CustomResourceDefinition>,
  condition: NewCondition,
): Promise<Held<CustomResourceDefinition> | undefined> {
  const conditions = withCondition(definition.status?.conditions ?? [], condition, clock.nowMs())
  const changed = { ...definition, status: { ...definition.status, conditions } } as CustomResourceDefinition
  try {
    return await client.of(customResourceDefinitions).updateStatus(changed)
  } catch (error) {
    if (isStatus(error, 'NotFound', 'Conflict')) return undefined
    throw error
  }
}
