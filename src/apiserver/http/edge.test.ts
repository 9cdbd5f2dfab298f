import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { CertificateAuthority, type KeyPair } from '../../cluster/certificates.ts'
import { systemClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/log.ts'
import { connectWebSocket } from '../../platform/websocket/connection.ts'
import type { Answer, RequestContext, WatchSink } from '../request.ts'
import { createHttpEdge, type HttpEdge } from './edge.ts'

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

type Send = (
  path: string,
  options?: { method?: string; headers?: Record<string, string>; body?: string },
) => Promise<Reply>

const largeText = 'x'.repeat(200 * 1024)

/** What the server under test answers, by path. */
const answers: Record<string, (context: RequestContext) => Promise<Answer> | Answer> = {
  '/object': () => ({
    kind: 'object',
    status: 200,
    object: { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a' } },
  }),
  '/large': () => ({ kind: 'bytes', status: 200, headers: { 'content-type': 'text/plain' }, body: largeText }),
  '/large-object': () => ({ kind: 'object', status: 200, object: { kind: 'X', metadata: { name: largeText } } }),
  '/list': () => ({ kind: 'list', status: 200, list: podList(['a', 'b']) }),
  '/large-list': () => ({ kind: 'list', status: 200, list: podList(manyNames) }),
  '/warn': (context) => {
    context.warnings.push('beware of "dogs"', 'beware of "dogs"')
    return { kind: 'object', status: 200, object: { kind: 'Pod' } }
  },
  '/warn-in-japanese': (context) => {
    context.warnings.push('日本\u010d')
    return { kind: 'object', status: 200, object: { kind: 'Pod' } }
  },
  '/broken': async ({ body }) => {
    if (body.kind === 'bytes') await body.read(1000)
    return { kind: 'bytes', status: 200, headers: { broken: 'line\nbreak' }, body: '' }
  },
  '/echo': async ({ body }) => {
    const bytes = body.kind === 'bytes' ? await body.read(1000) : new Uint8Array()
    return { kind: 'bytes', status: 200, headers: {}, body: bytes }
  },
  '/busy': () => ({
    kind: 'status',
    status: { kind: 'Status', apiVersion: 'v1', metadata: {}, code: 429, details: { retryAfterSeconds: 7 } },
  }),
  '/watch': () => ({ kind: 'watch', stream: threeEvents() }),
  '/who': ({ connection }) => ({
    kind: 'bytes',
    status: 200,
    headers: {},
    body: connection.clientCertificate ? 'verified' : (connection.clientCertificateError ?? 'nobody'),
  }),
}

/** Together more than several chunks of a list; one of them is larger than a chunk. */
const manyNames = [...Array.from({ length: 30_000 }, (_, index) => `pod-${index}`), 'x'.repeat(300_000), 'last']

function podList(names: readonly string[]) {
  const items = names.map((name) => {
    const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name } }
    const bytes = Buffer.from(JSON.stringify(object))
    const splicedJson = () => ({ bytes, place: bytes.length, inserted: '' })
    return { object, encoded: { json: () => bytes, splicedJson, protobuf: () => new Uint8Array() } }
  })
  return { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '7' }, items, bareItems: true }
}

function threeEvents() {
  return {
    start(sink: WatchSink) {
      for (const name of ['a', 'b', 'c']) sink.event({ type: 'ADDED', object: { kind: 'Pod', metadata: { name } } })
      sink.end()
    },
    stop() {},
  }
}

let authority: CertificateAuthority
let server: KeyPair
let edge: HttpEdge
let port: number

before(async () => {
  authority = await CertificateAuthority.create('test-ca', systemClock)
  server = await authority.issue({ commonName: 'server', usage: 'server', names: ['localhost', '127.0.0.1'] })
  edge = createHttpEdge({
    handler: async (context) => answers[context.path]!(context),
    clock: systemClock,
    log: silentLogger,
    toProtobuf: () => undefined,
    tls: { ...server, clientCertificateAuthority: authority.pair.certificate },
    requestTimeoutMs: 60_000,
    shutdownGraceMs: 100,
  })
  port = (await edge.listen(0, '127.0.0.1')).port
})

after(() => edge.close())

const overHttp1: Send = (path, { method = 'GET', headers = {}, body } = {}) => {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const options = { port, host: '127.0.0.1', path, method, headers, ca: authority.pair.certificate }
  const sent = request(options, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () => {
      resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) })
    })
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

function http2Sender(session: ClientHttp2Session): Send {
  return (path, { method = 'GET', headers = {}, body } = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const stream = session.request({ ':path': path, ':method': method, ...headers })
    let received: IncomingHttpHeaders = {}
    const chunks: Buffer[] = []
    stream.on('response', (given) => {
      received = given
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () =>
      resolve({ status: Number(received[':status']), headers: received, body: Buffer.concat(chunks) }),
    )
    stream.on('error', reject)
    stream.end(body)
    return promise
  }
}

async function overHttp2(path: string, options?: Parameters<Send>[1]): Promise<Reply> {
  const session = connect(`https://127.0.0.1:${port}`, { ca: authority.pair.certificate })
  try {
    return await http2Sender(session)(path, options)
  } finally {
    session.close()
  }
}

for (const [version, send] of [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const) {
  describe(`the edge over ${version}`, () => {
    test('answers an object as JSON with the headers upstream sends', async () => {
      const { status, headers, body } = await send('/object')
      assert.equal(status, 200)
      assert.equal(headers['content-type'], 'application/json')
      assert.equal(headers['cache-control'], 'no-cache, private')
      assert.match(String(headers['audit-id']), /^[0-9a-f-]{36}$/)
      assert.equal(body.toString(), '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}\n')
    })

    test('answers YAML to who asks for it', async () => {
      const { headers, body } = await send('/object', { headers: { accept: 'application/yaml' } })
      assert.equal(headers['content-type'], 'application/yaml')
      assert.match(body.toString(), /^kind: Pod$/m)
    })

    test('indents for people', async () => {
      const { body } = await send('/object', { headers: { 'user-agent': 'curl/8' } })
      assert.match(body.toString(), /^{\n {2}"kind": "Pod"/)
    })

    test('joins a list, its items without kind and apiVersion', async () => {
      const { body } = await send('/list')
      const want = '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":'
      assert.equal(body.toString(), `${want}[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}\n`)
    })

    test('compresses what is large, for who takes gzip', async () => {
      const { headers, body } = await send('/large-object', { headers: { 'accept-encoding': 'gzip' } })
      assert.equal(headers['content-encoding'], 'gzip')
      assert.equal((JSON.parse(gunzipSync(body).toString()) as { kind: string }).kind, 'X')
      assert.equal((await send('/large-object')).headers['content-encoding'], undefined)
    })

    for (const encoding of ['identity', 'gzip']) {
      test(`sends a large list in pieces, ${encoding}`, async () => {
        const { headers, body } = await send('/large-list', { headers: { 'accept-encoding': encoding } })
        assert.equal(headers['content-encoding'], encoding === 'gzip' ? 'gzip' : undefined)
        const text = (encoding === 'gzip' ? gunzipSync(body) : body).toString()
        const { items } = JSON.parse(text) as { items: { metadata: { name: string } }[] }
        assert.deepEqual(
          items,
          manyNames.map((name) => ({ metadata: { name } })),
        )
      })
    }

    test('sends each warning once, quoted', async () => {
      assert.equal((await send('/warn')).headers.warning, '299 - "beware of \\"dogs\\""')
    })

    test('sends warnings in any script, as UTF-8', async () => {
      const { warning } = (await send('/warn-in-japanese')).headers
      assert.equal(Buffer.from(String(warning), 'latin1').toString(), '299 - "日本\u010d"')
    })

    test('says when to come back', async () => {
      const { status, headers } = await send('/busy')
      assert.deepEqual([status, headers['retry-after']], [429, '7'])
    })

    test('hands a body over', async () => {
      assert.equal((await send('/echo', { method: 'POST', body: 'hello' })).body.toString(), 'hello')
    })

    test('streams a watch, a line an event', async () => {
      const { body } = await send('/watch')
      const events = body
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { object: { metadata: { name: string } } })
      assert.deepEqual(
        events.map(({ object }) => object.metadata.name),
        ['a', 'b', 'c'],
      )
    })

    test('lets in who shows no certificate, as nobody', async () => {
      assert.equal((await send('/who')).body.toString(), 'nobody')
    })
  })
}

test('a response over HTTP/1.1 that cannot be sent is cut off, though its request was read to the end', async () => {
  await assert.rejects(overHttp1('/broken', { method: 'POST', body: 'hello' }), { code: 'ECONNRESET' })
})

test('a watch over WebSocket sends a message an event, of text, and then closes', async () => {
  const { socket, subprotocol } = await connectWebSocket({
    url: new URL(`wss://localhost:${port}/watch`),
    tls: { certificateAuthority: authority.pair.certificate },
    subprotocols: ['base64url.bearer.authorization.k8s.io.dG9rZW4', 'base64.binary.k8s.io'],
  })
  assert.equal(subprotocol, 'base64.binary.k8s.io')
  const names: string[] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    assert.equal(isBinary, false)
    names.push((JSON.parse(data.toString()) as { object: { metadata: { name: string } } }).object.metadata.name)
  })
  const closed = once(socket, 'close')
  socket.resume()
  await closed
  assert.deepEqual(names, ['a', 'b', 'c'])
})

test('the edge knows whether a client certificate is trusted', async () => {
  const trusted = await authority.issue({ commonName: 'alice', usage: 'client' })
  const stranger = await (await CertificateAuthority.create('other', systemClock)).issue({
    commonName: 'eve',
    usage: 'client',
  })
  const rows = [
    [trusted, /^verified$/],
    [stranger, /./],
  ] as const
  for (const [{ certificate, key }, want] of rows) {
    const session = connect(`https://127.0.0.1:${port}`, { ca: authority.pair.certificate, cert: certificate, key })
    const { body } = await http2Sender(session)('/who')
    session.close()
    assert.match(body.toString(), want)
    if (certificate === stranger.certificate) assert.notEqual(body.toString(), 'verified')
  }
})
