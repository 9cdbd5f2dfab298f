import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer } from '../../../test/support/rest-server.ts'
import { builtInResources } from '../../api/all.ts'
import { configMaps } from '../../api/types/resources.ts'
import { createRegistry } from '../registry.ts'
import { createObjectReader } from './object-reader.ts'

const path = '/api/v1/namespaces/a/configmaps'

function start() {
  const server = createRestServer()
  return { server, reader: createObjectReader({ store: server.store, registry: createRegistry(builtInResources) }) }
}

test('a reader sees what was written, the very same object each time', async () => {
  const { server, reader } = start()
  await server.send('POST', path, { metadata: { name: 'c' } })
  const object = reader.get(configMaps, 'c', 'a')
  assert.equal(object?.metadata.name, 'c')
  assert.equal(object, reader.get(configMaps, 'c', 'a'))
  assert.deepEqual(reader.list(configMaps, 'a'), [object])
  assert.deepEqual(reader.list(configMaps, 'b'), [])
})

test('a reader hears of every change, until it has heard enough', async () => {
  const { server, reader } = start()
  const heard: string[] = []
  const stop = reader.onChange(configMaps, ({ object, previous }) => {
    heard.push(`${previous?.metadata.name ?? 'nothing'} → ${object?.metadata.name ?? 'nothing'}`)
  })
  await server.send('POST', path, { metadata: { name: 'c' } })
  await server.send('PUT', `${path}/c`, { metadata: { name: 'c' }, data: { a: '1' } })
  await server.send('DELETE', `${path}/c`)
  stop()
  await server.send('POST', path, { metadata: { name: 'd' } })
  assert.deepEqual(heard, ['nothing → c', 'c → c', 'c → nothing'])
})
