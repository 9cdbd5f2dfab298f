import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { requireUpgrade } from './http-upgrade.ts'

/** Accepts one upgrade; at the first byte says its last words and resets the connection. */
const abruptServer = `
  const { createServer } = require('node:http')
  const { parentPort, workerData } = require('node:worker_threads')
  const server = createServer()
  server.on('upgrade', (request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: test\\r\\n\\r\\n')
    socket.on('close', () => {
      server.close()
      Atomics.store(workerData, 0, 1)
      Atomics.notify(workerData, 0)
    })
    socket.once('data', () => socket.write('last words', () => socket.resetAndDestroy()))
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

test('what a server said before it reset the connection is read, although a write failed in between', async () => {
  const closed = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(abruptServer, { eval: true, workerData: closed })
  try {
    const [port] = await once(worker, 'message')
    const headers = ['Connection', 'Upgrade', 'Upgrade', 'test']
    const { socket } = await requireUpgrade({ url: new URL(`http://127.0.0.1:${port}/`), headers })
    socket.write('go')
    // Nothing is read meanwhile: this thread stands still until the other has closed.
    assert.notEqual(Atomics.wait(closed, 0, 0, 10_000), 'timed-out')
    socket.write('too late')
    assert.equal(await text(socket), 'last words')
  } finally {
    await worker.terminate()
  }
})
