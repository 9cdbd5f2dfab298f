import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer, type RestServer } from '../../../test/support/rest-server.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'

const configMaps = '/api/v1/namespaces/a/configmaps'
const mergePatch = 'application/merge-patch+json'

function start() {
  const clock = new VirtualClock()
  return { clock, server: createRestServer({ clock }) }
}

/** The events of a watch until `afterMs`, when its timeout ends it. */
async function eventsOf(
  { server, clock }: { server: RestServer; clock: VirtualClock },
  query: Record<string, string>,
  timeoutSeconds = 1,
): Promise<string[]> {
  const stream = await server.transport.watch({
    path: configMaps,
    query: { ...query, timeoutSeconds: String(timeoutSeconds) },
  })
  await clock.advanceMs(timeoutSeconds * 1_000)
  const seen: string[] = []
  for await (const { type, object } of stream) {
    const { name, resourceVersion } = object.metadata ?? {}
    seen.push(`${type} ${name ?? ''}@${resourceVersion ?? ''}`)
  }
  return seen
}

/** c made at 2, labelled at 3, changed at 4, its label changed at 5, deleted at 6. */
async function lifeOf(server: RestServer): Promise<void> {
  await server.send('POST', configMaps, { metadata: { name: 'c' } })
  await server.send('PATCH', `${configMaps}/c`, { metadata: { labels: { l: '1' } } }, mergePatch)
  await server.send('PATCH', `${configMaps}/c`, { data: { a: '1' } }, mergePatch)
  await server.send('PATCH', `${configMaps}/c`, { metadata: { labels: { l: '2' } } }, mergePatch)
  await server.send('DELETE', `${configMaps}/c`)
}

for (const { title, query, want } of [
  {
    title: 'from a version on shows every change once',
    query: { resourceVersion: '1' },
    want: ['ADDED c@2', 'MODIFIED c@3', 'MODIFIED c@4', 'MODIFIED c@5', 'DELETED c@6'],
  },
  {
    title: 'with a selector turns transitions into added and deleted',
    query: { resourceVersion: '1', labelSelector: 'l=1' },
    want: ['ADDED c@3', 'MODIFIED c@4', 'DELETED c@5'],
  },
  { title: 'of another name is silent', query: { resourceVersion: '1', fieldSelector: 'metadata.name=d' }, want: [] },
  { title: 'from the future is silent', query: { resourceVersion: '99' }, want: [] },
]) {
  test(`a watch ${title}`, async () => {
    const parts = start()
    await lifeOf(parts.server)
    assert.deepEqual(await eventsOf(parts, query), want)
  })
}

test('a watch without version begins with what there is, and says when that was all', async () => {
  const parts = start()
  await parts.server.send('POST', configMaps, { metadata: { name: 'c' } })
  assert.deepEqual(await eventsOf(parts, { allowWatchBookmarks: 'true' }), ['ADDED c@2', 'BOOKMARK @2'])
})

test('a watch from a compacted version ends with an error', async () => {
  const parts = start()
  await lifeOf(parts.server)
  await parts.server.store.compact(parts.server.store.revision)
  assert.deepEqual(await eventsOf(parts, { resourceVersion: '2' }), ['ERROR @'])
})

test('a watch that wants bookmarks gets one a minute, but none twice', async () => {
  const parts = start()
  await parts.server.send('POST', '/api/v1/namespaces', { metadata: { name: 'b' } })
  const query = { resourceVersion: '1', allowWatchBookmarks: 'true' }
  assert.deepEqual(await eventsOf(parts, query, 181), ['BOOKMARK @2'])
})

test('all watchers of a kind are handed the very same object', async () => {
  const { server } = start()
  const open = () => server.transport.watch({ path: configMaps, query: { resourceVersion: '1' } })
  const [one, two] = [await open(), await open()]
  await server.send('POST', configMaps, { metadata: { name: 'c' } })
  const first = async (stream: typeof one) => {
    for await (const event of stream) return event.object
    return undefined
  }
  const [left, right] = [await first(one), await first(two)]
  assert.equal(left, right)
  assert.ok(Object.isFrozen(left?.metadata))
})
