import type { CustomResourceDefinition } from '../../../api/types/apiextensions/v1.ts'
import { customResourceDefinitions } from '../../../api/types/resources.ts'
import type { Client } from '../../../client/client.ts'
import { createWorkQueue, type WorkQueue } from '../../../client/work-queue.ts'
import { isStatus } from '../../../machinery/status.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { Logger } from '../../../platform/log.ts'
import type { Held, ObjectReader } from '../../object-reader.ts'
import { equalValues } from '../../rest/equal.ts'
import { wantedStatus } from './definition-status.ts'
import { claimedNames } from './naming.ts'

type Definition = Held<CustomResourceDefinition>

export interface DefinitionControllerOptions {
  readonly reader: ObjectReader
  /** Speaks as the server itself. */
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Gives every CustomResourceDefinition its status, until `signal` aborts. One at a time, since each looks at the names
 * that the others have been given. It runs in every API server of a cluster; whoever loses a race has nothing to do.
 */
export async function runDefinitionController(
  options: DefinitionControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { reader, clock } = options
  const queue = createWorkQueue({ clock })
  const stop = reader.onChange(customResourceDefinitions, ({ object, previous }) => {
    const name = (object ?? previous)!.metadata.name
    if (object) queue.add(name)
    else addOthers(options, previous!, queue)
  })
  signal.addEventListener('abort', () => queue.shutDown(), { once: true })
  for (const { metadata } of reader.list(customResourceDefinitions)) queue.add(metadata.name)
  if (signal.aborted) queue.shutDown()
  try {
    for (let name = await queue.next(); name !== undefined; name = await queue.next()) {
      await work(options, queue, name)
    }
  } finally {
    stop()
  }
}

async function work(options: DefinitionControllerOptions, queue: WorkQueue, name: string): Promise<void> {
  try {
    await reconcile(options, queue, name)
    queue.forget(name)
  } catch (error) {
    options.log.warn('the status of a custom resource definition could not be written', { name, error })
    queue.addRateLimited(name)
  } finally {
    queue.done(name)
  }
}

async function reconcile(options: DefinitionControllerOptions, queue: WorkQueue, name: string): Promise<void> {
  const { reader, client, clock } = options
  const definition = reader.get(customResourceDefinitions, name)
  if (!definition) return
  const claimed = claimedNames(reader.list(customResourceDefinitions), definition.spec.group)
  const status = wantedStatus(definition, claimed, clock.nowMs())
  if (equalValues(status, definition.status)) return
  try {
    await client.of(customResourceDefinitions).updateStatus({ ...definition, status } as CustomResourceDefinition)
  } catch (error) {
    // Deleted or changed meanwhile: its change brings it back here.
    if (isStatus(error, 'NotFound', 'Conflict')) return
    throw error
  }
  addOthers(options, definition, queue)
}

/** Names may have become free, for which another definition of the group is waiting. */
function addOthers({ reader }: DefinitionControllerOptions, definition: Definition, queue: WorkQueue): void {
  for (const { metadata, spec } of reader.list(customResourceDefinitions)) {
    if (spec.group === definition.spec.group && metadata.name !== definition.metadata.name) queue.add(metadata.name)
  }
}
