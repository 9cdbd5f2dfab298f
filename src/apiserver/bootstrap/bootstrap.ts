import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Transport } from '../../client/transport.ts'
import { type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import { configProducer } from '../flowcontrol/field-managers.ts'
import { ApiObjects, keyOf } from './api-objects.ts'
import { bootstrapObjects } from './objects.ts'
import { reconcile } from './reconcile.ts'
import { authenticationConfigMap, identityLease, type ServerFacts, serviceObjects } from './server-objects.ts'

export interface BootstrapOptions {
  /** With the identity of an administrator. */
  readonly transport: Transport
  readonly clock: Clock
}

export interface AnnounceOptions extends BootstrapOptions {
  readonly facts: Omit<ServerFacts, 'hostname'>
  readonly log: Logger
}

const flowControlVersion = 'flowcontrol.apiserver.k8s.io/v1'

/** Kinds that others need to be there first. The rest come side by side. */
const first: ReadonlySet<string> = new Set(['Namespace'])

/** How long before what tells of this server is tried again. */
const announceRetryMs = 10_000

/**
 * Makes what a cluster has from its first start on, and brings it up to date at later ones: namespaces, roles,
 * priority classes, flow schemas, API services. Idempotent; several servers may run it at once.
 */
export async function bootstrap({ transport, clock }: BootstrapOptions): Promise<void> {
  const api = new ApiObjects(transport)
  const nowMs = clock.nowMs()
  const isFirst = ({ kind }: KubeObject) => first.has(kind ?? '')
  await ensureAll(api, bootstrapObjects.filter(isFirst), nowMs)
  await ensureAll(
    api,
    bootstrapObjects.filter((object) => !isFirst(object)),
    nowMs,
  )
}

/**
 * Tells the cluster of this server: its Service, endpoints, Lease, and whom it trusts. Resolves after the first
 * attempt, with what goes on trying if that failed: a webhook that refuses everything, and only a running server can be
 * freed of, must not keep it from starting.
 */
export async function announce(options: AnnounceOptions): Promise<(signal: AbortSignal) => Promise<void>> {
  const { transport, clock, facts, log } = options
  const api = new ApiObjects(transport)
  const server = { ...facts, hostname: hostname() }
  const id = randomUUID()
  const attempt = async (): Promise<boolean> => {
    const nowMs = clock.nowMs()
    const objects = [...serviceObjects(server), authenticationConfigMap(server), identityLease(server, id, nowMs)]
    const results = await Promise.allSettled(objects.map((object) => ensureAll(api, [object], nowMs)))
    const failures = results.filter((result) => result.status === 'rejected')
    for (const { reason: error } of failures) log.warn('the cluster could not be told of this server', { error })
    return failures.length === 0
  }
  let done = await attempt()
  return async (signal) => {
    while (!done && !signal.aborted) {
      await clock.sleep(announceRetryMs, signal)
      if (!signal.aborted) done = await attempt()
    }
  }
}

async function ensureAll(api: ApiObjects, objects: readonly KubeObject[], nowMs: number): Promise<void> {
  const byCollection = new Map<string, KubeObject[]>()
  for (const object of objects) {
    const collection = allNamespacesPath(object)
    const group = byCollection.get(collection)
    if (group) group.push(object)
    else byCollection.set(collection, [object])
  }
  const work = [...byCollection].map(async ([collection, wanted]) => {
    const found = await api.list(collection)
    await Promise.all(wanted.map((object) => ensure(api, object, found.get(keyOf(object)), nowMs)))
  })
  await Promise.all(work)
}

async function ensure(
  api: ApiObjects,
  wanted: KubeObject,
  found: KubeObject | undefined,
  nowMs: number,
): Promise<void> {
  if (!found) return create(api, wanted, nowMs)
  const outcome = reconcile(wanted, found)
  if (outcome.action === 'keep') return
  const path = `${collectionPath(wanted)}/${encodeURIComponent(wanted.metadata?.name ?? '')}`
  try {
    if (outcome.action === 'replace') await api.replace(path, outcome.object)
    else {
      await api.remove(path)
      await create(api, wanted, nowMs)
    }
  } catch (error) {
    // Another server is doing the same at this moment.
    if (!isStatus(error, 'Conflict', 'NotFound')) throw error
  }
}

async function create(api: ApiObjects, object: KubeObject, nowMs: number): Promise<void> {
  const collection = collectionPath(object)
  const { status, ...bare } = object as KubeObject & { status?: { conditions: object[] } }
  const isFlowControl = object.apiVersion === flowControlVersion
  try {
    const created = await api.create(collection, bare, isFlowControl ? configProducer : undefined)
    // What serves these objects says how they are.
    if (!status || isFlowControl) return
    const lastTransitionTime = `${new Date(nowMs).toISOString().slice(0, 19)}Z`
    const conditions = status.conditions.map((condition) => ({ ...condition, lastTransitionTime }))
    const path = `${collection}/${encodeURIComponent(object.metadata?.name ?? '')}/status`
    await api.replace(path, { ...created, status: { conditions } } as KubeObject)
  } catch (error) {
    if (!isStatus(error, 'AlreadyExists', 'Conflict')) throw error
  }
}

/** Where objects of this kind are listed over all namespaces. */
function allNamespacesPath(object: KubeObject): string {
  const { group, version } = parseApiVersion(object.apiVersion ?? '')
  return `${group === '' ? '/api' : `/apis/${group}`}/${version}/${pluralOf(object.kind ?? '')}`
}

function collectionPath(object: KubeObject): string {
  const { group, version } = parseApiVersion(object.apiVersion ?? '')
  const { namespace } = object.metadata ?? {}
  const root = `${group === '' ? '/api' : `/apis/${group}`}/${version}`
  return `${root}${namespace ? `/namespaces/${namespace}` : ''}/${pluralOf(object.kind ?? '')}`
}

/** The resource of one of the kinds made here. After apimachinery meta.UnsafeGuessKindToResource. */
function pluralOf(kind: string): string {
  const singular = kind.toLowerCase()
  if (singular === 'endpoints') return singular
  return singular.endsWith('s') ? `${singular}es` : `${singular}s`
}
