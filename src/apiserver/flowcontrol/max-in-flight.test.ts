import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, RequestContext } from '../request.ts'
import { parseRequestInfo } from '../request-info.ts'
import { maxInFlight } from './max-in-flight.ts'

const answer: Answer = { kind: 'bytes', status: 200, headers: {}, body: '' }

function requestFor(path: string, method = 'GET', ...groups: string[]): RequestContext {
  const [pathname, query = ''] = path.split('?')
  const info = parseRequestInfo(method, pathname!, new URLSearchParams(query))
  const connection = { transport: 'h2', remoteAddress: '127.0.0.1' }
  return { info, connection, user: { name: 'alice', groups, extra: {} } } as unknown as RequestContext
}

const rows: { title: string; context: RequestContext; refused: boolean }[] = [
  { title: 'a second read is refused', context: requestFor('/api/v1/pods'), refused: true },
  { title: 'a write has seats of its own', context: requestFor('/api/v1/namespaces/a/pods', 'POST'), refused: false },
  { title: 'a watch takes no seat', context: requestFor('/api/v1/pods?watch=1'), refused: false },
  { title: 'an administrator is let in', context: requestFor('/api/v1/pods', 'GET', 'system:masters'), refused: false },
]

const fromWithin = requestFor('/api/v1/pods')
rows.push({
  title: 'a component in this process takes no seat',
  context: { ...fromWithin, connection: { ...fromWithin.connection, transport: 'loopback' } },
  refused: false,
})

for (const { title, context, refused } of rows) {
  test(`while one read is being served, ${title}`, async () => {
    const inFlight = { reading: 0, mutating: 0 }
    const step = maxInFlight({ reading: 1, mutating: 1 }, inFlight)
    const first = Promise.withResolvers<Answer>()
    const serving = step(requestFor('/api/v1/pods'), () => first.promise)
    const second = step(context, async () => answer)
    if (refused) assert.equal(((await second) as { status: number }).status, 429)
    else assert.equal(await second, answer)
    first.resolve(answer)
    await serving
    assert.deepEqual(inFlight, { reading: 0, mutating: 0 })
  })
}
