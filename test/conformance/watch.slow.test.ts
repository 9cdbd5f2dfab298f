import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigMap } from '../../src/api/types/core/v1.ts'
import { configMaps } from '../../src/api/types/resources.ts'
import { conformanceCluster, Watched } from './api.ts'

const api = conformanceCluster({ components: ['apiserver'] })

const namespace = 'default'
const label = 'watched-as'

function object(name: string, value: string, data: Record<string, string> = {}): ConfigMap {
  return { metadata: { name, namespace, labels: { [label]: value } }, data }
}

const watch = (selector: string, resourceVersion?: string) =>
  Watched.open(api().client, configMaps, {
    namespace,
    labelSelector: selector,
    ...(resourceVersion && { resourceVersion }),
  })

const maps = () => api().client.of(configMaps)

test('[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]', async () => {
  const [a, b, both] = await Promise.all([watch(`${label}=a`), watch(`${label}=b`), watch(`${label} in (a,b)`)])
  await maps().create(object('first', 'a'))
  await maps().update(object('first', 'a', { mutation: '1' }))
  await maps().update(object('first', 'a', { mutation: '2' }))
  await maps().delete('first', { namespace })
  await maps().create(object('second', 'b'))
  await maps().delete('second', { namespace })
  for (const watched of [a, both]) {
    assert.equal((await watched.next('ADDED')).metadata.name, 'first')
    assert.equal((await watched.next('MODIFIED')).data?.mutation, '1')
    assert.equal((await watched.next('MODIFIED')).data?.mutation, '2')
    assert.equal((await watched.next('DELETED')).metadata.name, 'first')
  }
  for (const watched of [b, both]) {
    assert.equal((await watched.next('ADDED')).metadata.name, 'second')
    await watched.next('DELETED')
  }
  // Had it heard of the other object, it would hear of it now.
  await maps().create(object('third', 'a'))
  assert.equal((await a.next('ADDED')).metadata.name, 'third')
  for (const watched of [a, b, both]) watched.stop()
})

test('[sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]', async () => {
  await maps().create(object('versions', 'version'))
  const first = await maps().update(object('versions', 'version', { mutation: '1' }))
  await maps().update(object('versions', 'version', { mutation: '2' }))
  await maps().delete('versions', { namespace })
  const watched = await watch(`${label}=version`, first.metadata.resourceVersion)
  assert.equal((await watched.next('MODIFIED')).data?.mutation, '2')
  await watched.next('DELETED')
  watched.stop()
})

test('[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]', async () => {
  const before = await watch(`${label}=again`)
  await maps().create(object('again', 'again'))
  await maps().update(object('again', 'again', { mutation: '1' }))
  await before.next('ADDED')
  const last = await before.next('MODIFIED')
  before.stop()
  await maps().update(object('again', 'again', { mutation: '2' }))
  const watched = await watch(`${label}=again`, last.metadata.resourceVersion)
  await maps().delete('again', { namespace })
  assert.equal((await watched.next('MODIFIED')).data?.mutation, '2')
  await watched.next('DELETED')
  watched.stop()
})

test('[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]', async () => {
  const watched = await watch(`${label}=kept`)
  await maps().create(object('relabelled', 'kept'))
  await maps().update(object('relabelled', 'kept', { mutation: '1' }))
  await maps().update(object('relabelled', 'other', { mutation: '1' }))
  await maps().update(object('relabelled', 'other', { mutation: '2' }))
  await maps().update(object('relabelled', 'kept', { mutation: '2' }))
  await maps().update(object('relabelled', 'kept', { mutation: '3' }))
  await maps().delete('relabelled', { namespace })
  await watched.next('ADDED')
  assert.equal((await watched.next('MODIFIED')).data?.mutation, '1')
  await watched.next('DELETED')
  assert.equal((await watched.next('ADDED')).data?.mutation, '2')
  assert.equal((await watched.next('MODIFIED')).data?.mutation, '3')
  await watched.next('DELETED')
  watched.stop()
})

test('[sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]', async () => {
  const { metadata } = await maps().list({ namespace })
  const writes = 30
  const from: string[] = [metadata.resourceVersion!]
  for (let write = 0; write < writes; write++) {
    const { metadata: created } = await maps().create(object(`order-${write % 3}-${write}`, 'order'))
    from.push(created.resourceVersion)
    if (write % 2 === 1) await maps().delete(created.name, { namespace })
  }
  const whole = await versionsFrom(from[0]!, writes + writes / 2)
  const others = await Promise.all(
    from.slice(1).map(async (resourceVersion) => {
      const rest = whole.filter((version) => Number(version) > Number(resourceVersion))
      return { rest, seen: await versionsFrom(resourceVersion, rest.length) }
    }),
  )
  for (const { rest, seen } of others) assert.deepEqual(seen, rest)
})

async function versionsFrom(resourceVersion: string, count: number): Promise<string[]> {
  const watched = await watch(`${label}=order`, resourceVersion)
  const versions: string[] = []
  while (versions.length < count)
    await watched.until(({ object: { metadata } }) => versions.push(metadata!.resourceVersion!) > 0)
  watched.stop()
  return versions
}
