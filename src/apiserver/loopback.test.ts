import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer } from '../../test/support/rest-server.ts'
import { systemClock } from '../platform/clock.ts'
import { createLoopbackTransport } from './loopback.ts'
import type { Handler } from './request.ts'

const identity = { name: 'a', groups: [], extra: {} }
const configMaps = '/api/v1/namespaces/a/configmaps'

test('loopback answers pass by reference and are frozen', async () => {
  const { transport } = createRestServer()
  await transport.request({ method: 'POST', path: configMaps, body: { metadata: { name: 'c' }, data: { a: '1' } } })
  const read = async () =>
    (await transport.request({ method: 'GET', path: `${configMaps}/c` })).body as { data: object }
  const [one, two] = [await read(), await read()]
  assert.equal(one, two)
  assert.ok(Object.isFrozen(one.data))
})

test('a body handed to loopback is not written to', async () => {
  const { transport } = createRestServer()
  const body = Object.freeze({ metadata: Object.freeze({ name: 'c' }) })
  assert.equal((await transport.request({ method: 'POST', path: configMaps, body })).status, 201)
  assert.deepEqual(body, { metadata: { name: 'c' } })
})

test('an error that is no Status becomes a 500', async () => {
  const handler: Handler = () => Promise.reject(new Error('broken'))
  const transport = createLoopbackTransport({ handler, identity, clock: systemClock })
  const { status, body } = await transport.request({ method: 'GET', path: '/x' })
  assert.equal(status, 500)
  assert.equal((body as { message: string }).message, 'Internal error occurred: broken')
})

test('a watch that is refused throws the Status', async () => {
  const { transport } = createRestServer()
  const query = { resourceVersion: 'x' }
  await assert.rejects(transport.watch({ path: configMaps, query }), { name: 'StatusError', code: 500 })
})

test('the watch of a reader that falls too far behind ends', async () => {
  const { transport } = createRestServer()
  const path = configMaps
  const stream = await transport.watch({ path, query: { resourceVersion: '1' } })
  for (let index = 0; index <= 10_000; index++) {
    await transport.request({ method: 'POST', path, body: { metadata: { name: `c${index}` } } })
  }
  for await (const event of stream) assert.fail(`unexpected ${event.type}`)
})

test('leaving the loop ends the watch', async () => {
  const { transport } = createRestServer()
  const signal = AbortSignal.abort()
  const stream = await transport.watch({ path: configMaps, signal })
  for await (const event of stream) assert.fail(`unexpected ${event.type}`)
})
