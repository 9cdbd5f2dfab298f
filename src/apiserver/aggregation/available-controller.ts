import type { APIService } from '../../api/types/apiregistration/v1.ts'
import { apiServices, endpointSlices, services } from '../../api/types/resources.ts'
import type { Client } from '../../client/client.ts'
import { createWorkQueue, type WorkQueue } from '../../client/work-queue.ts'
import { isStatus } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { mastersGroup } from '../authentication/authenticator.ts'
import type { Held, ObjectReader } from '../object-reader.ts'
import type { UserInfo } from '../request.ts'
import { local, passed, whyUnavailable, withAvailability } from './availability.ts'
import type { RemoteApi } from './remote-api.ts'
import type { RemoteApis } from './remote-apis.ts'
import { workLoop } from './work-loop.ts'

export interface AvailableControllerOptions {
  readonly reader: ObjectReader
  readonly apis: RemoteApis
  readonly client: Client
  readonly clock: Clock
  readonly log: Logger
}

/** What cannot be watched, the way to the endpoints, is looked at this often. */
const resyncMs = 30_000
const attempts = 5
const probeTimeoutMs = 5_000
/** Retries come quickly: the way to a Service can heal at any moment. */
const retries = { baseDelayMs: 5, maxDelayMs: 30_000 }

/** May read everything, so that a refusal never looks like a failure. */
export const aggregatorIdentity: UserInfo = {
  name: 'system:kube-aggregator',
  groups: [mastersGroup],
  extra: {},
}

/**
 * Keeps the condition `Available` of every APIService true to what is, until `signal` aborts.
 * After kube-aggregator controllers/status v1.36.
 */
export async function runAvailableController(options: AvailableControllerOptions, signal: AbortSignal): Promise<void> {
  const { reader, apis, clock, log } = options
  const queue = createWorkQueue({ clock, ...retries })
  const unsubscribe = [
    reader.onChange(apiServices, ({ object }) => object && queue.add(object.metadata.name)),
    reader.onChange(services, ({ object, previous }) => {
      const { namespace, name } = (object ?? previous)!.metadata
      addApisOf(apis, queue, namespace, name)
    }),
    reader.onChange(endpointSlices, ({ object, previous }) => {
      const { namespace, labels } = (object ?? previous)!.metadata
      addApisOf(apis, queue, namespace, labels?.['kubernetes.io/service-name'])
    }),
  ]
  for (const { metadata } of reader.list(apiServices)) queue.add(metadata.name)
  const sync = async (name: string) => {
    if (await syncAvailability(name, options)) queue.addAfter(name, resyncMs)
  }
  try {
    await workLoop({ queue, sync, log, workers: 5 }, signal)
  } finally {
    for (const remove of unsubscribe) remove()
  }
}

function addApisOf(apis: RemoteApis, queue: WorkQueue, namespace: string | undefined, name: string | undefined): void {
  for (const api of apis.all()) {
    if (api.service.namespace === namespace && api.service.name === name) queue.add(api.name)
  }
}

/** Whether it has to be looked at again. Throws when the API does not answer, so that it is soon asked again. */
async function syncAvailability(name: string, options: AvailableControllerOptions): Promise<boolean> {
  const { reader, apis } = options
  const apiService = reader.get(apiServices, name)
  if (!apiService) return false
  const api = apis.get(name)
  if (!api) {
    await writeAvailability(apiService, local, options)
    return false
  }
  const why = whyUnavailable(apiService, serviceView(api, reader))
  const failure = why ? undefined : await probe(api)
  const failed = failure && { status: 'False', reason: 'FailedDiscoveryCheck', message: failure.message }
  await writeAvailability(apiService, why ?? failed ?? passed, options)
  if (failure) throw failure
  return true
}

function serviceView({ service: { namespace, name } }: RemoteApi, reader: ObjectReader) {
  return {
    service: reader.get(services, name, namespace),
    endpointSlices: reader
      .list(endpointSlices, namespace)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name),
  }
}

/** Asked several times at once, since each may take another endpoint; one good answer is enough. */
async function probe(api: RemoteApi): Promise<Error | undefined> {
  const failures: Error[] = []
  const tries = Array.from({ length: attempts }, () =>
    askOnce(api).catch((error: Error) => {
      failures.push(error)
      throw error
    }),
  )
  try {
    await Promise.any(tries)
    return undefined
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error
    return failures.at(-1)
  }
}

async function askOnce(api: RemoteApi): Promise<void> {
  const path = `/apis/${api.group}/${api.version}`
  const origin = api.locate()
  const url = `${origin.origin}${path}`
  const request = { method: 'GET', path, headers: [], user: aggregatorIdentity, timeoutMs: probeTimeoutMs }
  let status: number
  try {
    const answer = await api.request(request)
    status = answer.statusCode ?? 0
    answer.resume()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${why}`, { cause: error })
  }
  if (status < 200 || status >= 300) {
    const why = `bad status from ${url}: ${status}`
    throw new Error(`failing or missing response from ${url}: ${why}`)
  }
}

async function writeAvailability(
  apiService: Held<APIService>,
  availability: Parameters<typeof withAvailability>[1],
  { client, clock }: AvailableControllerOptions,
): Promise<void> {
  const updated = withAvailability(apiService, availability, clock.nowMs())
  if (updated === apiService) return
  try {
    await client.of(apiServices).updateStatus(updated as APIService)
  } catch (error) {
    // Whoever changed or removed it has put it into the queue again.
    if (!isStatus(error, 'Conflict', 'NotFound')) throw error
  }
}
