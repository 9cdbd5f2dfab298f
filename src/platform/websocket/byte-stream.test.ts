import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { sendByteStream } from './byte-stream.ts'
import { connectWebSocket } from './connection.ts'

async function withServer(source: PassThrough, use: (url: URL) => Promise<void>): Promise<void> {
  const server = createServer()
  const sending: Promise<void>[] = []
  server.on('upgrade', (request, socket: Duplex, head) =>
    sending.push(sendByteStream({ request, socket, head }, source)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    await Promise.all(sending)
  } finally {
    server.close()
  }
}

for (const { subprotocols, messages } of [
  { subprotocols: [], messages: ['', 'one', 'two'] },
  { subprotocols: ['binary.k8s.io'], messages: ['', 'one', 'two'] },
  { subprotocols: ['unknown', 'base64.binary.k8s.io'], messages: ['', 'b25l', 'dHdv'] },
]) {
  test(`a stream over WebSocket, offered ${subprotocols.join() || 'no subprotocol'}`, async () => {
    const source = new PassThrough()
    await withServer(source, async (url) => {
      const { socket } = await connectWebSocket({ url, subprotocols })
      const received: string[] = []
      socket.on('message', (data) => {
        received.push(String(data))
        if (received.length === 1) source.write('one')
        if (received.length === 2) source.end('two')
      })
      socket.resume()
      await once(socket, 'close')
      assert.deepEqual(received, messages)
    })
  })
}

test('a client that hangs up ends the source', async () => {
  const source = new PassThrough()
  await withServer(source, async (url) => {
    const { socket } = await connectWebSocket({ url, subprotocols: [] })
    const ended = once(source, 'close')
    socket.close()
    socket.resume()
    await ended
  })
})

test('a client that knows none of the subprotocols is refused', async () => {
  const source = new PassThrough()
  await withServer(source, async (url) => {
    await assert.rejects(
      connectWebSocket({ url, subprotocols: ['other'] }),
      /requested protocol\(s\) are not supported/,
    )
    assert.equal(source.destroyed, true)
  })
})
