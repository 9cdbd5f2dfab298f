import assert from 'node:assert/strict'
import { type ResourceRef, resourcePath } from '../../src/api/resource-ref.ts'
import { retryOnConflict } from '../../src/client/retry-on-conflict.ts'
import type { KubeObject } from '../../src/machinery/object.ts'
import { valueAt } from '../reference/paths.ts'
import { type Api, refusal, Watched } from './api.ts'

export interface ApiOperations<T extends KubeObject> {
  readonly resource: ResourceRef<T>
  /** An object with this name, as a client would create it. */
  readonly object: (name: string) => T
  /** Of what the resource must have. */
  readonly subresources?: readonly string[]
  /** Set: the status can be patched and replaced; the body of a merge patch and what it must lead to. */
  readonly status?: { readonly patch: object; readonly at: string; readonly value: unknown }
}

const label = 'conformance-run'

/**
 * What a resource must support to be called whole: it stands in discovery, and can be created, read, listed, watched,
 * patched, replaced, deleted alone and together.
 */
export async function assertApiOperations<T extends KubeObject>(api: Api, operations: ApiOperations<T>): Promise<void> {
  await assertDiscovered(api, operations)
  const { resource, object } = operations
  const client = api.client.of(resource)
  const run = api.name('run')
  const labelled = (name: string): T => {
    const made = object(name)
    return { ...made, metadata: { ...made.metadata, labels: { [label]: run } } }
  }
  const [one, two, three] = [api.name('one'), api.name('two'), api.name('three')]
  const created = await client.create(labelled(one))
  await client.create(labelled(two))
  await client.create(labelled(three))
  assert.equal((await client.get(one)).metadata.uid, created.metadata.uid)
  const { items, metadata } = await client.list({ labelSelector: `${label}=${run}` })
  assert.equal(items.length, 3)
  const watched = await Watched.open(api.client, resource, {
    labelSelector: `${label}=${run}`,
    resourceVersion: metadata.resourceVersion!,
  })
  const patched = await client.patch(one, { metadata: { annotations: { patched: 'true' } } }, { type: 'merge' })
  assert.equal(patched.metadata.annotations?.patched, 'true')
  const isPatched = await watched.until(({ object }) => object.metadata?.annotations?.patched === 'true')
  assert.equal(isPatched.metadata.name, one)
  // Controllers of the server may write, too.
  const updated = await retryOnConflict(async () => {
    const replacement = structuredClone(await client.get(one)) as unknown as T
    replacement.metadata = { ...replacement.metadata, annotations: { patched: 'true', updated: 'true' } }
    return client.update(replacement)
  })
  assert.equal(updated.metadata.annotations?.updated, 'true')
  await watched.until(({ object }) => object.metadata?.annotations?.updated === 'true')
  if (operations.status) await assertStatus(api, operations, one)
  await client.delete(one)
  await watched.until(({ type }) => type === 'DELETED')
  assert.equal((await refusal(client.get(one))).status.code, 404)
  watched.stop()
  assert.equal((await client.list({ labelSelector: `${label}=${run}` })).items.length, 2)
  await client.deleteCollection({ labelSelector: `${label}=${run}` })
  assert.equal((await client.list({ labelSelector: `${label}=${run}` })).items.length, 0)
}

async function assertDiscovered<T extends KubeObject>(
  api: Api,
  { resource, subresources = [] }: ApiOperations<T>,
): Promise<void> {
  const { group, version, plural } = resource
  const groups = (await api.read('/apis', 'groups')) as { name: string; versions: { version: string }[] }[]
  const versions = groups.find(({ name }) => name === group)?.versions
  assert.ok(
    versions?.some((each) => each.version === version),
    `${group}/${version} is in /apis`,
  )
  const own = (await api.read(`/apis/${group}`, 'versions')) as { version: string }[]
  assert.ok(
    own.some((each) => each.version === version),
    `${version} is in /apis/${group}`,
  )
  const resources = (await api.read(`/apis/${group}/${version}`, 'resources')) as { name: string }[]
  for (const name of [plural, ...subresources.map((each) => `${plural}/${each}`)])
    assert.ok(
      resources.some((each) => each.name === name),
      `${name} is in /apis/${group}/${version}`,
    )
}

async function assertStatus<T extends KubeObject>(
  api: Api,
  { resource, status }: ApiOperations<T>,
  name: string,
): Promise<void> {
  const { patch, at, value } = status!
  const client = api.client.of(resource)
  const patched = await client.patch(name, patch, { type: 'merge', subresource: 'status' })
  assert.deepEqual(valueAt(patched, at), value)
  const path = resourcePath(resource, { name, subresource: 'status' })
  assert.deepEqual(await api.read(path, at), value)
  const again = await retryOnConflict(async () => client.updateStatus((await client.get(name)) as unknown as T))
  assert.deepEqual(valueAt(again, at), value)
}
