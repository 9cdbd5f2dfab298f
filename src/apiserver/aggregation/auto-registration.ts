import type { APIService, APIServiceSpec } from '../../api/types/apiregistration/v1.ts'
import { apiServices, customResourceDefinitions } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import { createWorkQueue } from '../../client/work-queue.ts'
import type { DeepReadonly } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { ObjectReader } from '../object-reader.ts'
import { workLoop } from './work-loop.ts'

/** `true`: kept as it has to be; `onstart`: made at the start and then left to people. */
const managedLabel = 'kube-aggregator.kubernetes.io/automanaged'

/** Groups of custom resources come after all others; within one, versions stand by their names. */
const customPriority = { groupPriorityMinimum: 1000, versionPriority: 100 }

export interface AutoRegistrationOptions {
  readonly reader: ObjectReader
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Keeps an APIService for every version that a CustomResourceDefinition serves, until `signal` aborts. Those of built-in
 * groups are made when the cluster is set up. After kube-aggregator controllers/autoregister and kubernetes
 * pkg/controlplane/controller/crdregistration v1.36.
 */
export async function runAutoRegistration(options: AutoRegistrationOptions, signal: AbortSignal): Promise<void> {
  const { reader, clock, log } = options
  const queue = createWorkQueue({ clock })
  const unsubscribe = [
    reader.onChange(customResourceDefinitions, ({ object, previous }) => {
      for (const crd of [object, previous]) for (const name of apiServiceNames(crd)) queue.add(name)
    }),
    reader.onChange(apiServices, ({ object, previous }) => queue.add((object ?? previous)!.metadata.name)),
  ]
  for (const { metadata } of reader.list(apiServices)) queue.add(metadata.name)
  for (const crd of reader.list(customResourceDefinitions)) for (const name of apiServiceNames(crd)) queue.add(name)
  try {
    await workLoop({ queue, sync: (name) => register(name, options), log, workers: 1 }, signal)
  } finally {
    for (const remove of unsubscribe) remove()
  }
}

interface CustomResource {
  readonly spec: { readonly group: string; readonly versions: readonly { readonly name: string }[] }
}

function apiServiceNames(crd: CustomResource | undefined): string[] {
  return crd?.spec.versions.map(({ name }) => `${name}.${crd.spec.group}`) ?? []
}

async function register(name: string, { reader, client }: AutoRegistrationOptions): Promise<void> {
  const wanted = wantedSpec(name, reader)
  const found = reader.get(apiServices, name)
  const isOurs = found?.metadata.labels?.[managedLabel] === 'true'
  const api = client.of(apiServices)
  try {
    if (!found && wanted) {
      await api.create({ metadata: { name, labels: { [managedLabel]: 'true' } }, spec: wanted })
    } else if (found && isOurs && !wanted) {
      await api.delete(name, { preconditions: { uid: found.metadata.uid } })
    } else if (found && isOurs && wanted && !isSame(found.spec, wanted)) {
      await api.update({ ...(found as APIService), spec: wanted })
    }
  } catch (error) {
    // Whoever was faster has put it into the queue again.
    if (!isStatus(error, 'AlreadyExists', 'Conflict', 'NotFound')) throw error
  }
}

function wantedSpec(name: string, reader: ObjectReader): APIServiceSpec | undefined {
  const dot = name.indexOf('.')
  const [version, group] = [name.slice(0, dot), name.slice(dot + 1)]
  const isServed = reader
    .list(customResourceDefinitions)
    .some(({ spec }) => spec.group === group && spec.versions.some((each) => each.name === version && each.served))
  return isServed ? { group, version, ...customPriority } : undefined
}

function isSame(found: DeepReadonly<APIServiceSpec> | undefined, wanted: APIServiceSpec): boolean {
  const keys = new Set([...Object.keys(found ?? {}), ...Object.keys(wanted)]) as Set<keyof APIServiceSpec>
  return [...keys].every((key) => found?.[key] === wanted[key])
}
