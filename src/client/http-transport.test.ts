import assert from 'node:assert/strict'
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { configMaps } from '../api/types/resources.ts'
import { StatusError } from '../machinery/status.ts'
import { createHttpTransport } from './http-transport.ts'
import type { Transport } from './transport.ts'
import { createClient } from './typed-client.ts'

type Answer = (stream: ServerHttp2Stream, headers: Record<string, unknown>, body: string) => void

interface Running {
  readonly transport: Transport
  readonly sessions: Set<ServerHttp2Session>
  connections: number
}

async function serve(answer: Answer, requestTimeoutMs = 5000): Promise<Running> {
  const server: Http2Server = createServer()
  const running = { sessions: new Set<ServerHttp2Session>(), connections: 0 }
  server.on('session', (session) => {
    running.connections += 1
    running.sessions.add(session)
    session.on('close', () => running.sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    let body = ''
    stream.on('error', () => {})
    stream.on('data', (chunk) => {
      body += chunk
    })
    stream.on('end', () => answer(stream as ServerHttp2Stream, headers, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const transport = createHttpTransport({
    url: `http://127.0.0.1:${port}`,
    token: () => 'secret',
    userAgent: 'test/1',
    requestTimeoutMs,
  })
  after(async () => {
    await transport.close()
    for (const session of running.sessions) session.destroy()
    server.close()
  })
  return Object.assign(running, { transport })
}

function reply(stream: ServerHttp2Stream, status: number, body: unknown, headers: Record<string, string> = {}): void {
  stream.respond({ ':status': status, 'content-type': 'application/json', ...headers })
  stream.end(JSON.stringify(body))
}

test('a request carries token, user agent, query and body; the answer its warnings', async () => {
  const seen: unknown[] = []
  const { transport } = await serve((stream, headers, body) => {
    seen.push([
      headers[':method'],
      headers[':path'],
      headers.authorization,
      headers['user-agent'],
      headers['content-type'],
    ])
    const warning = '299 - "first, \\"quoted\\"", 299 - "second"'
    reply(stream, 201, { ...JSON.parse(body), seen: true }, { warning })
  })
  const answer = await transport.request({
    method: 'POST',
    path: '/api/v1/namespaces/ns/configmaps',
    query: { dryRun: 'All' },
    body: { data: { ä: 'ö' } },
  })
  assert.deepEqual(seen, [
    ['POST', '/api/v1/namespaces/ns/configmaps?dryRun=All', 'Bearer secret', 'test/1', 'application/json'],
  ])
  const warnings = ['first, "quoted"', 'second']
  assert.deepEqual(answer, { status: 201, body: { data: { ä: 'ö' }, seen: true }, warnings })
})

test('an answer of 400 and above becomes a StatusError in the typed client', async () => {
  const { transport } = await serve((stream) =>
    reply(stream, 404, {
      kind: 'Status',
      apiVersion: 'v1',
      code: 404,
      reason: 'NotFound',
      message: 'configmaps "x" not found',
    }),
  )
  const error = await createClient(transport)
    .of(configMaps)
    .get('x', { namespace: 'ns' })
    .catch((cause: unknown) => cause)
  assert.ok(error instanceof StatusError)
  assert.deepEqual([error.code, error.reason, error.message], [404, 'NotFound', 'configmaps "x" not found'])
})

test('a request told to come later is sent again', async () => {
  let asked = 0
  const { transport } = await serve((stream) => {
    asked += 1
    if (asked < 3) reply(stream, 429, {}, { 'retry-after': '0' })
    else reply(stream, 200, { asked })
  })
  assert.deepEqual((await transport.request({ method: 'GET', path: '/x' })).body, { asked: 3 })
})

test('all requests share one connection, and a new one is made when it breaks', async () => {
  const running = await serve((stream) => reply(stream, 200, {}))
  const get = () => running.transport.request({ method: 'GET', path: '/x' })
  await Promise.all([get(), get(), get()])
  assert.equal(running.connections, 1)
  for (const session of running.sessions) session.close()
  // The client hears of it a moment later; each request until then may meet the old connection.
  while (running.connections === 1) await get().catch(() => undefined)
  assert.equal((await get()).status, 200)
})

test('a request that is not answered in time fails and says so', async () => {
  const { transport } = await serve(() => {}, 50)
  await assert.rejects(transport.request({ method: 'GET', path: '/slow' }), /GET \/slow: no answer within 50 ms/)
})

test('a watch yields events as they come, ends with the server, and throws when it is cut', async () => {
  const { transport, sessions } = await serve((stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' })
    stream.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n')
    if (String(headers[':path']).includes('stay')) return
    stream.end('{"type":"DELETED","object":{"metadata":{"name":"a"}}}\n')
  })
  const types = []
  for await (const { type } of await transport.watch({ path: '/ends' })) types.push(type)
  assert.deepEqual(types, ['ADDED', 'DELETED'])
  const cut = async () => {
    for await (const _ of await transport.watch({ path: '/stay' })) for (const session of sessions) session.destroy()
  }
  await assert.rejects(cut())
})

test('a watch that is refused throws the Status; one that is aborted ends', async () => {
  const { transport } = await serve((stream, headers) => {
    if (headers[':path'] === '/gone?watch=true')
      return reply(stream, 410, { kind: 'Status', code: 410, reason: 'Expired' })
    stream.respond({ ':status': 200, 'content-type': 'application/json' })
    stream.write('{"type":"ADDED","object":{}}\n')
  })
  await assert.rejects(transport.watch({ path: '/gone' }), { reason: 'Expired' })
  const stop = new AbortController()
  const aborted = async () => {
    for await (const _ of await transport.watch({ path: '/stay', signal: stop.signal })) stop.abort()
  }
  await assert.rejects(aborted())
})
