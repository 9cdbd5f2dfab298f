import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import { commandTransports, runCommand } from '../../../test/support/streaming-client.ts'
import { systemClock } from '../clock.ts'
import type { ServerUpgrade } from '../http-upgrade.ts'
import { acceptSpdyStreams } from './spdy-streams.ts'
import { queryOfOptions, type RemoteCommandOptions } from './streams.ts'
import { translateRemoteCommand } from './translate.ts'

const output: RemoteCommandOptions = { stdin: false, stdout: true, stderr: true, tty: false }

async function listen(serve: (client: ServerUpgrade) => Promise<void>): Promise<{ server: Server; url: URL }> {
  const server = createServer()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {})
    serve({ request, socket, head }).catch((error) => socket.destroy(error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, url: new URL(`http://127.0.0.1:${port}/?${queryOfOptions(output)}`) }
}

// An output that breaks off while the status is awaited once ended the whole API server.
test('a runtime whose connection breaks amid the output is told to the client, and nobody else notices', async () => {
  const runtime = await listen(async (client) => {
    const streams = await acceptSpdyStreams(client, output, systemClock)
    streams!.stdout!.write('all that came', () => client.socket.destroy())
  })
  const front = await listen((client) => translateRemoteCommand(client, { url: runtime.url }, output))
  try {
    const streams = await commandTransports['WebSocket v5.channel.k8s.io']!({ url: front.url }, output)
    const { outcome } = await runCommand(streams)
    assert.deepEqual(outcome, {
      kind: 'failed',
      message: 'Internal error occurred: error sending request: the SPDY session is over',
    })
  } finally {
    front.server.close()
    runtime.server.close()
  }
})
