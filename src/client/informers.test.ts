import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps } from '../api/types/resources.ts'
import { expired } from '../machinery/errors.ts'
import type { KubeObject, WatchEventType } from '../machinery/object.ts'
import { silentLogger } from '../platform/log.ts'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { byNamespace } from './informer.ts'
import { createInformer } from './informers.ts'
import type { ApiRequest, ApiWatchEvent, Transport, WatchRequest, WatchStream } from './transport.ts'
import { createClient } from './typed-client.ts'

const object = (name: string, resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', uid: name, resourceVersion },
})

/** A server whose answers the test writes down; each watch is a list of events and how it ends. */
class ScriptedServer implements Transport {
  readonly lists: { items: KubeObject[]; resourceVersion: string }[] = []
  readonly watches: { events: [WatchEventType, KubeObject][]; end: 'close' | 'stay' | Error }[] = []
  readonly requests: string[] = []

  async request({ query }: ApiRequest) {
    this.requests.push(`list rv=${query?.resourceVersion ?? ''}`)
    const next = this.lists.shift()
    if (!next) throw new Error('no list left in the script')
    const { items, resourceVersion } = next
    return { status: 200, body: { metadata: { resourceVersion }, items }, warnings: [] }
  }

  async watch({ query, signal }: WatchRequest): Promise<WatchStream> {
    this.requests.push(`watch rv=${query?.resourceVersion ?? ''}`)
    const next = this.watches.shift() ?? { events: [], end: 'stay' as const }
    async function* stream(): AsyncGenerator<ApiWatchEvent> {
      for (const [type, object] of next.events) yield { type, object }
      if (next.end instanceof Error) throw next.end
      if (next.end === 'stay') await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    }
    return stream()
  }

  async close() {}
}

async function run(server: ScriptedServer, advanceMs = 0) {
  const clock = new VirtualClock()
  const events: string[] = []
  const relists: string[] = []
  const informer = createInformer({
    client: createClient(server),
    resource: configMaps,
    clock,
    log: silentLogger,
    random: () => 0,
  })
  informer.onRelist((reason) => relists.push(reason))
  informer.addHandler({
    added: ({ metadata }) => void events.push(`+${metadata.name}@${metadata.resourceVersion}`),
    updated: ({ metadata }) => void events.push(`~${metadata.name}@${metadata.resourceVersion}`),
    deleted: ({ metadata }) => void events.push(`-${metadata.name}@${metadata.resourceVersion}`),
  })
  const stop = new AbortController()
  const running = informer.run(stop.signal)
  await informer.synced
  await clock.advanceMs(advanceMs)
  return {
    informer,
    events,
    relists,
    async finish() {
      stop.abort()
      await clock.advanceMs(0)
      await running
    },
  }
}

test('lists once, then follows the watch and takes its version from bookmarks', async () => {
  const server = new ScriptedServer()
  server.lists.push({ items: [object('a', '1'), object('b', '2')], resourceVersion: '5' })
  const events: [WatchEventType, KubeObject][] = [
    ['ADDED', object('c', '6')],
    ['MODIFIED', object('a', '7')],
    ['DELETED', object('b', '8')],
    ['BOOKMARK', { metadata: { resourceVersion: '9' } }],
  ]
  server.watches.push({ events, end: 'close' })
  const { informer, events: seen, relists, finish } = await run(server)
  assert.deepEqual(seen, ['+a@1', '+b@2', '+c@6', '~a@7', '-b@8'])
  assert.deepEqual(server.requests, ['list rv=0', 'watch rv=5', 'watch rv=9'])
  assert.deepEqual(
    informer
      .byIndex(byNamespace, 'ns')
      .map(({ metadata }) => metadata.name)
      .sort(),
    ['a', 'c'],
  )
  assert.ok(Object.isFrozen(informer.get('ns/a')))
  assert.deepEqual(relists, [])
  await finish()
})

test('after 410 it lists again at once and tells the difference only', async () => {
  const server = new ScriptedServer()
  server.lists.push({ items: [object('a', '1'), object('b', '2')], resourceVersion: '5' })
  server.lists.push({ items: [object('a', '1'), object('c', '8')], resourceVersion: '9' })
  server.watches.push({ events: [], end: expired('too old resource version: 5 (8)') })
  const { events, relists, finish } = await run(server)
  assert.deepEqual(events, ['+a@1', '+b@2', '+c@8', '-b@2'])
  assert.deepEqual(server.requests, ['list rv=0', 'watch rv=5', 'list rv=', 'watch rv=9'])
  assert.deepEqual(relists, ['too old resource version: 5 (8)'])
  await finish()
})

test('a broken connection is no reason to list again: it watches on from where it was, after a pause', async () => {
  const server = new ScriptedServer()
  server.lists.push({ items: [object('a', '1')], resourceVersion: '5' })
  server.watches.push({ events: [['MODIFIED', object('a', '6')]], end: new Error('connection reset') })
  const { events, relists, finish } = await run(server, 800)
  assert.deepEqual(events, ['+a@1', '~a@6'])
  assert.deepEqual(server.requests, ['list rv=0', 'watch rv=5', 'watch rv=6'])
  assert.deepEqual(relists, [])
  await finish()
})

test('a handler added late hears of what is there, and one that throws does not silence the others', async () => {
  const server = new ScriptedServer()
  server.lists.push({ items: [object('a', '1')], resourceVersion: '5' })
  const { informer, finish } = await run(server)
  const late: string[] = []
  informer.addHandler({
    added() {
      throw new Error('mistake')
    },
  })
  informer.addHandler({ added: ({ metadata }) => void late.push(metadata.name) })
  assert.deepEqual(late, ['a'])
  assert.throws(() => informer.byIndex('nothing', 'x'), /no index named nothing/)
  await finish()
})
