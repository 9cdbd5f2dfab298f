import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMap } from '../../api/core/config-map.ts'
import type { ResourceDefinition } from '../../api/resource-definition.ts'
import type { KubeObject } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Entry } from '../../store/store.ts'
import { ConvertedChanges } from './converted-changes.ts'
import { convertEntries } from './remote-conversion.ts'
import { servedObject } from './stored-object.ts'

interface Call {
  readonly names: readonly string[]
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

/** ConfigMaps that are stored as `v0`, and the calls that wait to be answered. */
function remoteConfigMaps(): { definition: ResourceDefinition; calls: Call[] } {
  const calls: Call[] = []
  const refuse = () => assert.fail('a call has to convert')
  const fromStorage = (objects: readonly object[]) =>
    new Promise<readonly KubeObject[]>((resolve, reject) => {
      calls.push({
        names: (objects as KubeObject[]).map(({ metadata }) => metadata!.name!),
        answer: () => resolve(objects.map((object) => ({ ...object, apiVersion: 'v1', data: { a: '1' } }))),
        fail: reject,
      })
    })
  const remote = { fromStorage, toVersion: refuse } as never
  const conversion = { storageApiVersion: 'v0', toStorage: refuse, fromStorage: refuse, remote } as never
  return { definition: { ...configMap, conversion }, calls }
}

function entry(name: string, bytes = 0): Entry {
  const filling = 'x'.repeat(bytes)
  const object = { kind: 'ConfigMap', apiVersion: 'v0', metadata: { name, resourceVersion: '' }, data: { filling } }
  const value = Buffer.from(JSON.stringify(object))
  return { key: `/registry/configmaps/a/${name}`, value, revision: 1, createRevision: 1, attachment: undefined }
}

/** Lets all that is promised already come about. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('deliveries keep their order, and what came meanwhile shares a call', async () => {
  const { definition, calls } = remoteConfigMaps()
  const delivered: string[] = []
  const changes = new ConvertedChanges({ definition, onFailure: assert.ifError })
  for (const name of ['a', 'b', 'c']) changes.push([entry(name)], () => delivered.push(name))
  changes.push([], () => delivered.push('bookmark'))
  await settled()
  assert.deepEqual([calls.map(({ names }) => names), delivered], [[['a']], []])
  calls[0]!.answer()
  await settled()
  assert.deepEqual([calls.map(({ names }) => names), delivered], [[['a'], ['b', 'c']], ['a']])
  calls[1]!.answer()
  await settled()
  assert.deepEqual(delivered, ['a', 'b', 'c', 'bookmark'])
})

test('after a failure nothing is delivered', async () => {
  const { definition, calls } = remoteConfigMaps()
  const seen: string[] = []
  const changes = new ConvertedChanges({ definition, onFailure: ({ message }) => seen.push(message) })
  changes.push([entry('a')], () => seen.push('a'))
  changes.push([], () => seen.push('later'))
  await settled()
  calls[0]!.fail(new StatusError({ code: 500, message: 'no idea' }))
  await settled()
  changes.push([], () => seen.push('much later'))
  await settled()
  assert.deepEqual(seen, ['no idea'])
})

test('too much that waits is a failure', async () => {
  const { definition } = remoteConfigMaps()
  const failures: string[] = []
  const changes = new ConvertedChanges({ definition, onFailure: ({ message }) => failures.push(message) })
  for (let count = 0; count < 10_002; count++) changes.push([entry('a')], assert.fail)
  assert.deepEqual(failures, ['too many events wait for their conversion'])
})

test('what was converted stays with the entry', async () => {
  const { definition, calls } = remoteConfigMaps()
  const one = entry('a')
  const converting = convertEntries([one], definition)
  calls[0]!.answer()
  await converting
  await convertEntries([one], definition)
  assert.equal(calls.length, 1)
  assert.deepEqual((servedObject(one, definition).object as { data?: object }).data, { a: '1' })
})

test('a call carries only so much', async () => {
  const { definition, calls } = remoteConfigMaps()
  const entries = ['a', 'b', 'c'].map((name) => entry(name, 2 * 1024 * 1024))
  const converting = convertEntries(entries, definition)
  for (let count = 0; count < 3; count++) {
    await settled()
    calls[count]?.answer()
  }
  await converting
  assert.deepEqual(
    calls.map(({ names }) => names),
    [['a'], ['b'], ['c']],
  )
})
