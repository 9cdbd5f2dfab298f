import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createRestServer } from '../../test/support/rest-server.ts'
import { silentLogger } from '../platform/log.ts'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { expireEvents } from './event-expiry.ts'

const collection = '/api/v1/namespaces/default/events'
const minuteMs = 60_000

function start(context: TestContext) {
  const clock = new VirtualClock()
  const { send, store } = createRestServer({ clock })
  const stopping = new AbortController()
  const running = expireEvents({ store, clock, log: silentLogger, lifetimeMs: 60 * minuteMs }, stopping.signal)
  context.after(async () => {
    stopping.abort()
    await running
  })
  const create = (name: string) =>
    send('POST', collection, {
      metadata: { name, namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    })
  const names = async () => {
    const { body } = await send('GET', collection)
    return (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name)
  }
  return { clock, send, create, names }
}

test('an event is gone an hour after it was written', async (context) => {
  const { clock, create, names } = start(context)
  await create('first')
  await clock.advanceMs(30 * minuteMs)
  await create('second')
  await clock.advanceMs(29 * minuteMs)
  assert.deepEqual(await names(), ['first', 'second'])
  await clock.advanceMs(2 * minuteMs)
  assert.deepEqual(await names(), ['second'])
  await clock.advanceMs(30 * minuteMs)
  assert.deepEqual(await names(), [])
})

test('one that is written again starts anew', async (context) => {
  const { clock, send, create, names } = start(context)
  await create('again')
  await clock.advanceMs(50 * minuteMs)
  await send('PATCH', `${collection}/again`, { count: 2 }, 'application/merge-patch+json')
  await clock.advanceMs(50 * minuteMs)
  assert.deepEqual(await names(), ['again'])
  await clock.advanceMs(11 * minuteMs)
  assert.deepEqual(await names(), [])
})

test('what is no event stays', async (context) => {
  const { clock, send } = start(context)
  await send('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'c', namespace: 'default' } })
  await clock.advanceMs(3 * 60 * minuteMs)
  assert.equal((await send('GET', '/api/v1/namespaces/default/configmaps/c')).status, 200)
})
