import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps, secrets } from '../api/types/resources.ts'
import { silentLogger } from '../platform/log.ts'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { createSharedInformers } from './shared-informers.ts'
import type { Transport } from './transport.ts'
import { createClient } from './typed-client.ts'

test('an informer that is dropped asks no more; who asks for it again gets another', async () => {
  const clock = new VirtualClock()
  const asked: string[] = []
  const transport: Transport = {
    async request({ path }) {
      asked.push(path)
      return { status: 404, body: { kind: 'Status', message: '404 page not found', code: 404 }, warnings: [] }
    },
    watch: () => Promise.reject(new Error('nothing is watched before it is listed')),
    close: async () => {},
  }
  const informers = createSharedInformers({ client: createClient(transport), clock, log: silentLogger })
  const gone = informers.informerFor(configMaps)
  informers.informerFor(secrets)
  const stopping = new AbortController()
  const running = informers.run(stopping.signal)
  await clock.advanceMs(1_000)
  informers.drop(configMaps)
  asked.length = 0
  for (let turn = 0; turn < 20; turn++) await clock.advanceMs(30_000)
  assert.deepEqual(new Set(asked), new Set(['/api/v1/secrets']))
  assert.notEqual(informers.informerFor(configMaps), gone)
  stopping.abort()
  await running
})
