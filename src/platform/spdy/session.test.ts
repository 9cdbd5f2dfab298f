import assert from 'node:assert/strict'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import fc from 'fast-check'
import { VirtualClock } from '../virtual-clock.ts'
import { encodeFrame, type Frame, FrameDecoder } from './frames.ts'
import { HeaderEncoder } from './headers.ts'
import { SpdySession } from './session.ts'
import type { SpdyStream } from './stream.ts'

function connect(onStream: (stream: SpdyStream) => void) {
  const [here, there] = duplexPair()
  const server = new SpdySession({ transport: there, role: 'server', onStream })
  const client = new SpdySession({ transport: here, role: 'client' })
  return { server, client, end: () => Promise.all([client.close(), client.closed, server.closed]) }
}

const echo = (stream: SpdyStream) => void stream.pipe(stream)

test('streams carry their headers and bytes both ways, and end apart', async () => {
  const types: (string | undefined)[] = []
  const { client, end } = connect((stream) => {
    types.push(stream.headers.get('streamtype'))
    echo(stream)
  })
  const [first, second] = await Promise.all([
    client.openStream(new Map([['streamType', 'stdin']])),
    client.openStream(new Map([['streamType', 'error']])),
  ])
  second.end('second')
  first.end('first')
  assert.deepEqual([await text(first), await text(second)], ['first', 'second'])
  assert.deepEqual(types, ['stdin', 'error'])
  await end()
})

test('megabytes pass with flow control on both sides', async () => {
  const { client, end } = connect(echo)
  const sent = Buffer.alloc(3 * 1024 * 1024, 'kubets ')
  const stream = await client.openStream(new Map())
  stream.end(sent)
  assert.ok((await buffer(stream)).equals(sent))
  await end()
})

test('megabytes pass from one stream to another while each holds the other back', async () => {
  const streams: SpdyStream[] = []
  const { client, end } = connect((stream) => {
    if (streams.push(stream) === 2) streams[0]!.pipe(streams[1]!)
  })
  const input = await client.openStream(new Map())
  const output = await client.openStream(new Map())
  input.end(Buffer.alloc(3 * 1024 * 1024))
  assert.equal((await buffer(output)).length, 3 * 1024 * 1024)
  await end()
})

test('a slow reader holds its own stream back, not the others', async () => {
  const { client, end } = connect((stream) => {
    if (stream.headers.get('speed') === 'fast') echo(stream)
  })
  const slow = await client.openStream(new Map([['speed', 'slow']]))
  slow.write(Buffer.alloc(60 * 1024))
  const fast = await client.openStream(new Map([['speed', 'fast']]))
  fast.end(Buffer.alloc(1024 * 1024))
  assert.equal((await buffer(fast)).length, 1024 * 1024)
  await end()
})

test('a stream the handler refuses is rejected at the other side', async () => {
  const { client, end } = connect(() => {
    throw new Error('no')
  })
  await assert.rejects(client.openStream(new Map()), /reset by the other side/)
  await end()
})

test('a stream that is reset ends for its reader after what was sent, and fails its writer', async () => {
  const accepted = Promise.withResolvers<SpdyStream>()
  const { client, end } = connect(accepted.resolve)
  const stream = await client.openStream(new Map())
  await new Promise((resolve) => stream.write('last words', resolve))
  stream.destroy()
  const other = await accepted.promise
  assert.equal(await text(other), 'last words')
  await assert.rejects(
    new Promise((resolve, reject) => other.write('too late', (error) => (error ? reject(error) : resolve(0)))),
  )
  await end()
})

test('what arrived before the connection ended in order is still there to be read', async () => {
  const { server, client } = connect((stream) => stream.end('all of it'))
  const stream = await client.openStream(new Map())
  await client.ping()
  server.close()
  await client.closed
  assert.equal(await text(stream), 'all of it')
})

test('a ping is answered', async () => {
  const { client, end } = connect(echo)
  await client.ping()
  await end()
})

test('a connection that breaks fails what is open, on both sides', async () => {
  const [here, there] = duplexPair()
  const accepted = Promise.withResolvers<SpdyStream>()
  const server = new SpdySession({ transport: there, role: 'server', onStream: accepted.resolve })
  const client = new SpdySession({ transport: here, role: 'client' })
  const stream = await client.openStream(new Map())
  const reading = text(await accepted.promise)
  here.destroy()
  await assert.rejects(reading, /session is over/)
  await assert.rejects(text(stream), /session is over/)
  await assert.rejects(client.openStream(new Map()), /closing/)
  await Promise.all([server.closed, client.closed])
})

test('an idle session ends, one that moves does not', async () => {
  const clock = new VirtualClock()
  const [here, there] = duplexPair()
  const client = new SpdySession({ transport: here, role: 'client' })
  const server = new SpdySession({ transport: there, role: 'server', onStream: echo, idle: { clock, timeoutMs: 1000 } })
  await clock.advanceMs(900)
  await client.ping()
  await clock.advanceMs(900)
  await client.ping()
  await clock.advanceMs(1100)
  assert.equal(await server.closed, undefined)
  assert.equal(await client.closed, undefined)
})

test('a peer without flow control gets more than a window', async () => {
  const [here, there] = duplexPair()
  const session = new SpdySession({
    transport: there,
    role: 'server',
    onStream: (stream) => stream.end(Buffer.alloc(300_000)),
  })
  here.write(
    encodeFrame({ type: 'synStream', streamId: 1, fin: true, headerBlock: new HeaderEncoder().encode(new Map()) }),
  )
  const decoder = new FrameDecoder()
  let received = 0
  for await (const chunk of here) {
    const frames: Frame[] = [...decoder.push(chunk)]
    for (const frame of frames) if (frame.type === 'data') received += frame.data.length
    if (frames.some((frame) => frame.type === 'data' && frame.fin)) break
  }
  assert.equal(received, 300_000)
  await session.closed
})

test('a peer without flow control is sent no grants: one unread when it closes would cut off its answer', async () => {
  const [here, there] = duplexPair()
  const accepted = Promise.withResolvers<SpdyStream>()
  const session = new SpdySession({ transport: there, role: 'server', onStream: accepted.resolve })
  here.write(
    encodeFrame({ type: 'synStream', streamId: 1, fin: false, headerBlock: new HeaderEncoder().encode(new Map()) }),
  )
  here.write(encodeFrame({ type: 'data', streamId: 1, fin: true, data: Buffer.alloc(200_000) }))
  const stream = await accepted.promise
  assert.equal((await buffer(stream)).length, 200_000)
  session.close()
  const decoder = new FrameDecoder()
  const types = new Set<string>()
  for await (const chunk of here) for (const frame of decoder.push(chunk)) types.add(frame.type)
  assert.equal(types.has('goAway'), true)
  assert.equal(types.has('windowUpdate'), false)
})

test('whatever arrives, the session ends without a crash', async () => {
  const block = new HeaderEncoder().encode(new Map())
  const streamId = fc.nat({ max: 5 })
  const frame: fc.Arbitrary<Uint8Array> = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .record({ type: fc.constant('synStream' as const), streamId, fin: fc.boolean(), headerBlock: fc.constant(block) })
      .map(encodeFrame),
    fc
      .record({ type: fc.constant('data' as const), streamId, fin: fc.boolean(), data: fc.uint8Array() })
      .map(encodeFrame),
    fc.record({ type: fc.constant('rstStream' as const), streamId, status: fc.nat() }).map(encodeFrame),
    fc.record({ type: fc.constant('windowUpdate' as const), streamId, delta: fc.nat() }).map(encodeFrame),
    fc.record({ type: fc.constant('goAway' as const), lastStreamId: streamId, status: fc.nat() }).map(encodeFrame),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(frame), async (frames) => {
      const [here, there] = duplexPair()
      const session = new SpdySession({ transport: there, role: 'server', onStream: echo })
      here.on('error', () => {}).resume()
      for (const bytes of frames) here.write(bytes)
      here.end()
      await session.closed
      if (!here.destroyed) {
        here.destroy()
        await once(here, 'close')
      }
    }),
    { numRuns: 60 },
  )
})
