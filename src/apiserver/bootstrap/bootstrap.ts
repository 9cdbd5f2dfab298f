import type { Transport } from '../../client/transport.ts'
import { type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { isStatus } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import { configProducer } from '../flowcontrol/field-managers.ts'
import { ApiObjects, keyOf } from './api-objects.ts'
import { bootstrapObjects } from './objects.ts'
import { reconcile } from './reconcile.ts'

export interface BootstrapOptions {
  /** With the identity of an administrator. */
  readonly transport: Transport
  readonly clock: Clock
}

const flowControlVersion = 'flowcontrol.apiserver.k8s.io/v1'

/** Kinds that others need to be there first. The rest come side by side. */
const first: ReadonlySet<string> = new Set(['Namespace'])

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

/** Makes `wanted` where nothing is `found`, and brings what is found up to date. */
export async function ensure(
  api: ApiObjects,
  wanted: KubeObject,
  found: KubeObject | undefined,
  nowMs: number,
): Promise<void> {
  if (!found) return create(api, wanted, nowMs)
  const outcome = reconcile(wanted, found)
  if (outcome.action === 'keep') return
  const path = objectPath(wanted)
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

export function objectPath(object: KubeObject): string {
  return `${collectionPath(object)}/${encodeURIComponent(object.metadata?.name ?? '')}`
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
