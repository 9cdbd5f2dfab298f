import type { FlowSchema, PriorityLevelConfiguration } from '../../api/types/flowcontrol/v1.ts'
import { flowSchemas, priorityLevelConfigurations } from '../../api/types/resources.ts'
import type { Client, ResourceClient } from '../../client/client.ts'
import type { DeepReadonly, KubeObject, Stored } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import { formatTime } from '../../machinery/time.ts'
import { ChangeSignal } from '../../platform/change-signal.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { ObjectReader } from '../object-reader.ts'
import { danglingCondition } from './dangling.ts'
import { configConsumer, configProducer } from './field-managers.ts'
import type { FlowController } from './flow-controller.ts'
import { bootstrapFlowSchemas, bootstrapPriorityLevels, isMandatory } from './mandatory-objects.ts'
import { revised } from './revise.ts'

export interface MaintenanceOptions {
  readonly reader: ObjectReader
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
  readonly controller: FlowController
}

/** Changes come in groups. */
const settleMs = 100
const retryMs = 1_000

/**
 * Follows the objects that configure flow control until `signal` aborts: puts them to work, says in each FlowSchema
 * whether its level exists, and keeps the mandatory and suggested ones as they are to be. Without changes it sleeps.
 */
export async function maintainFlowControl(options: MaintenanceOptions, signal: AbortSignal): Promise<void> {
  const { reader, clock, log } = options
  const changed = new ChangeSignal()
  const stops = [
    reader.onChange(flowSchemas, changed.notify),
    reader.onChange(priorityLevelConfigurations, changed.notify),
  ]
  try {
    while (await changed.next(signal)) {
      try {
        await synchronize(options)
        await clock.sleep(settleMs, signal)
      } catch (error) {
        if (signal.aborted) return
        log.warn('flow control is not up to date', { error })
        await clock.sleep(retryMs, signal)
        changed.notify()
      }
    }
  } finally {
    for (const stop of stops) stop()
  }
}

async function synchronize({ reader, client, clock, controller }: MaintenanceOptions): Promise<void> {
  const schemas = reader.list(flowSchemas)
  const levels = reader.list(priorityLevelConfigurations)
  controller.configure(schemas, levels)
  await ensureAll(client.of(flowSchemas), bootstrapFlowSchemas, schemas)
  await ensureAll(client.of(priorityLevelConfigurations), bootstrapPriorityLevels, levels)
  const names = new Set(levels.map(({ metadata }) => metadata.name))
  for (const schema of schemas) await updateStatus(client.of(flowSchemas), schema, names, clock.nowMs())
}

/** Says whether the level that a schema names is there. After presyncFlowSchemaStatus. */
async function updateStatus(
  client: ResourceClient<FlowSchema>,
  schema: DeepReadonly<Stored<FlowSchema>>,
  levels: ReadonlySet<string>,
  nowMs: number,
): Promise<void> {
  const condition = danglingCondition(schema, levels)
  if (!condition) return
  const conditions = [{ ...condition, lastTransitionTime: formatTime(nowMs) }]
  const { name } = schema.metadata
  const patch = {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'FlowSchema',
    metadata: { name },
    status: { conditions },
  }
  await unlessOutpaced(
    client.patch(name, patch, { type: 'apply', subresource: 'status', fieldManager: configConsumer, force: true }),
  )
}

type FlowObject = FlowSchema | PriorityLevelConfiguration

async function ensureAll<T extends FlowObject & KubeObject>(
  client: ResourceClient<T>,
  wanted: readonly T[],
  found: readonly DeepReadonly<Stored<T>>[],
): Promise<void> {
  const byName = new Map(found.map((object) => [object.metadata.name, object]))
  const options = { fieldManager: configProducer }
  for (const object of wanted) {
    const name = object.metadata?.name ?? ''
    const current = byName.get(name)
    if (!current) await unlessOutpaced(client.create(object, options))
    else {
      const revision = revised(current as DeepReadonly<FlowObject>, object, isMandatory(object))
      if (revision) await unlessOutpaced(client.update(revision as T, options))
    }
  }
  await removeUnwanted(client, wanted, found)
}

/** What an older server has suggested and this one does not. */
async function removeUnwanted<T extends FlowObject & KubeObject>(
  client: ResourceClient<T>,
  wanted: readonly T[],
  found: readonly DeepReadonly<Stored<T>>[],
): Promise<void> {
  const names = new Set(wanted.map(({ metadata }) => metadata?.name))
  for (const { metadata } of found as readonly DeepReadonly<Stored<KubeObject>>[]) {
    if (names.has(metadata.name) || metadata.annotations?.[autoUpdateAnnotation] !== 'true') continue
    const { uid, resourceVersion } = metadata
    await unlessOutpaced(client.delete(metadata.name, { preconditions: { uid, resourceVersion } }))
  }
}

const autoUpdateAnnotation = 'apf.kubernetes.io/autoupdate-spec'

/** Another server may have done the same just now: the change it made brings us here again. */
async function unlessOutpaced(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!isStatus(error, 'Conflict', 'NotFound', 'AlreadyExists')) throw error
  }
}
