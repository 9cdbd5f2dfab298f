import type { ControllerRevision } from '../api/types/apps/v1.ts'
import type { PodTemplateSpec } from '../api/types/core/v1.ts'
import { controllerRevisions } from '../api/types/resources.ts'
import type { Client } from '../client/client.ts'
import type { Cached } from '../client/informer.ts'
import type { DeepReadonly, KubeObject } from '../machinery/object.ts'
import { isStatus } from '../machinery/status.ts'
import { controllerReference } from './pod-control.ts'
import { canonical, templateHash } from './pod-template-hash.ts'

const hashLabel = 'controller-revision-hash'

export interface HistoryOptions {
  readonly client: Client
  readonly owner: DeepReadonly<KubeObject>
  readonly template: DeepReadonly<PodTemplateSpec>
  /** The owner's revisions. */
  readonly revisions: readonly Cached<ControllerRevision>[]
  readonly collisionCount: number
}

/**
 * The hash of the present template, recorded as the newest ControllerRevision, which `kubectl rollout undo` reads. One
 * that was there before takes the newest number again. After pkg/controller/history and daemon/update.go constructHistory.
 */
export async function recordTemplate(options: HistoryOptions): Promise<string> {
  const { client, owner, template, revisions, collisionCount } = options
  const data = { spec: { template: { ...template, $patch: 'replace' } } }
  const current = revisions.find((revision) => canonical(revision.data) === canonical(data))
  const others = revisions.filter((revision) => revision !== current)
  const number = Math.max(0, ...others.map(({ revision }) => revision ?? 0)) + 1
  if (!current) return createRevision(options, data, templateHash(template, collisionCount), number)
  if ((current.revision ?? 0) < number) {
    await client
      .of(controllerRevisions)
      .update({ ...(structuredClone(current) as ControllerRevision), revision: number })
  }
  return current.metadata.labels?.[hashLabel] ?? current.metadata.name.slice(`${owner.metadata?.name}-`.length)
}

async function createRevision(
  { client, owner, template }: HistoryOptions,
  data: unknown,
  hash: string,
  revision: number,
): Promise<string> {
  const { name, namespace = '', annotations } = owner.metadata ?? {}
  const object: ControllerRevision = {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...template.metadata?.labels, [hashLabel]: hash },
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    data: data as NonNullable<ControllerRevision['data']>,
    revision,
  }
  try {
    await client.of(controllerRevisions).create(object)
  } catch (error) {
    // Ours, which the cache does not show yet: the name is made of the template.
    if (!isStatus(error, 'AlreadyExists')) throw error
    const existing = await client.of(controllerRevisions).get(`${name}-${hash}`, { namespace })
    if (canonical(existing.data) !== canonical(data)) throw error
  }
  return hash
}

/** Deletes the oldest revisions past the limit, but none that a Pod still has. */
export async function forgetRevisions(
  client: Client,
  revisions: readonly Cached<ControllerRevision>[],
  { keep, liveHashes }: { keep: number; liveHashes: ReadonlySet<string> },
): Promise<void> {
  const unused = revisions
    .filter(({ metadata }) => !liveHashes.has(metadata.labels?.[hashLabel] ?? ''))
    .toSorted((a, b) => (a.revision ?? 0) - (b.revision ?? 0))
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - keep))) {
    try {
      await client.of(controllerRevisions).delete(metadata.name, { namespace: metadata.namespace ?? '' })
    } catch (error) {
      if (!isStatus(error, 'NotFound')) throw error
    }
  }
}
