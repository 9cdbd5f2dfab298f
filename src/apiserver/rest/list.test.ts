import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer, type RestServer } from '../../../test/support/rest-server.ts'

const configMaps = '/api/v1/namespaces/a/configmaps'

interface List {
  readonly metadata: {
    readonly resourceVersion: string
    readonly continue?: string
    readonly remainingItemCount?: number
  }
  readonly items: readonly { readonly metadata: { readonly name: string } }[]
  readonly message?: string
}

async function serverWith(count: number): Promise<RestServer> {
  const server = createRestServer()
  for (let index = 0; index < count; index++) {
    const labels = { half: index % 2 === 0 ? 'even' : 'odd' }
    await server.send('POST', configMaps, { metadata: { name: `c${index}`, labels } })
  }
  return server
}

async function list(server: RestServer, query: string): Promise<List> {
  return (await server.send('GET', `${configMaps}?${query}`)).body as List
}

const names = ({ items }: List) => items.map(({ metadata }) => metadata.name)

test('a limited list goes on over the state of its first page, whatever happens between', async () => {
  const server = await serverWith(5)
  const first = await list(server, 'limit=2')
  assert.deepEqual([names(first), first.metadata.remainingItemCount], [['c0', 'c1'], 3])
  await server.send('DELETE', `${configMaps}/c3`)
  await server.send('POST', configMaps, { metadata: { name: 'c31' } })
  const rest = await list(server, `limit=5&continue=${first.metadata.continue}`)
  assert.deepEqual(names(rest), ['c2', 'c3', 'c4'])
  assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion)
})

test('a list at an exact version shows what was there then', async () => {
  const server = await serverWith(2)
  const { resourceVersion } = (await list(server, '')).metadata
  await server.send('DELETE', `${configMaps}/c0`)
  const exact = await list(server, `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`)
  assert.deepEqual(names(exact), ['c0', 'c1'])
  assert.deepEqual(names(await list(server, '')), ['c1'])
})

test('a token whose state is compacted away answers 410 with one that goes on in the newest state', async () => {
  const server = await serverWith(4)
  const { metadata } = await list(server, 'limit=1')
  await server.send('POST', configMaps, { metadata: { name: 'd' } })
  await server.store.compact(server.store.revision)
  const expired = await server.send('GET', `${configMaps}?limit=9&continue=${metadata.continue}`)
  assert.equal(expired.status, 410)
  const token = (expired.body as List).metadata.continue
  assert.deepEqual(names(await list(server, `limit=9&continue=${token}`)), ['c1', 'c2', 'c3', 'd'])
})

for (const { title, query, want } of [
  { title: 'labels', query: 'labelSelector=half%3Deven', want: ['c0', 'c2', 'c4'] },
  { title: 'a name', query: 'fieldSelector=metadata.name%3Dc3', want: ['c3'] },
  {
    title: 'a name and labels that do not fit',
    query: 'fieldSelector=metadata.name%3Dc3&labelSelector=half%3Deven',
    want: [],
  },
]) {
  test(`a list by ${title} holds what is selected`, async () => {
    assert.deepEqual(names(await list(await serverWith(5), query)), want)
  })
}

for (const { query, status, message } of [
  {
    query: 'continue=abc',
    status: 400,
    message: "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value",
  },
  {
    query: 'resourceVersion=abc',
    status: 400,
    message:
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
  },
  { query: 'limit=abc', status: 400, message: 'strconv.ParseInt: parsing "abc": invalid syntax' },
  {
    query: 'fieldSelector=data.x%3D1',
    status: 400,
    message: '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
  },
  { query: 'resourceVersion=999', status: 504, message: 'Timeout: Too large resource version: 999, current: 2' },
]) {
  test(`a list with ${query} is refused in upstream's words`, async () => {
    const answer = await (await serverWith(1)).send('GET', `${configMaps}?${query}`)
    assert.deepEqual([answer.status, (answer.body as List).message], [status, message])
  })
}
