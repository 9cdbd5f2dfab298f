import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:tls'
import fc from 'fast-check'
import { Cluster } from '../../src/cluster/embedded.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Fuzz } from './fuzz.ts'
import { mutatedBytes, mutatedText } from './mutations.ts'

/** How long a connection is left open for the server to answer what it takes for half a request. */
const patienceMs = 20

const requests = fc.constantFrom(
  'GET /api/v1/pods?limit=1 HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n',
  'POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}',
  'POST /api/v1/namespaces HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  'GET /api/v1/namespaces/a/pods/b/exec?command=c HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n',
  'GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer x\r\n\r\n',
)

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
/** GET / of https, with one header that stands in no table. */
const headers = Buffer.from([0, 0, 9, 1, 5, 0, 0, 0, 1, 0x82, 0x84, 0x87, 0x40, 1, 0x61, 1, 0x62, 0x41])
const frames = fc.constantFrom(Buffer.concat([preface, settings, headers]), Buffer.concat([preface, settings]))

const sent = fc.oneof(
  mutatedText(requests).map((text) => ({ protocol: 'http/1.1', bytes: Buffer.from(text) })),
  mutatedBytes(frames).map((bytes) => ({ protocol: 'h2', bytes: Buffer.from(bytes) })),
)

/** Whatever comes over a connection, the server goes on. */
function wireFuzz(): Fuzz {
  let cluster: Promise<Cluster> | undefined
  const property = fc.asyncProperty(sent, async ({ protocol, bytes }) => {
    cluster ??= Cluster.start({ components: ['apiserver'] })
    const port = Number(new URL((await cluster).url).port)
    await exchange(port, protocol, bytes)
    const ready = 'GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    assert.match(await exchange(port, 'http/1.1', Buffer.from(ready), 10_000), /^HTTP\/1\.1 200 /)
  })
  return {
    name: 'bytes on a connection do no harm',
    share: 0.5,
    property,
    close: async () => (await cluster)?.stop(),
  }
}

async function exchange(port: number, protocol: string, bytes: Uint8Array, waitMs = patienceMs): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: [protocol] })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // The server may cut off what makes no sense.
  socket.on('error', () => socket.destroy())
  const closed = once(socket, 'close')
  socket.write(bytes)
  const waiting = systemClock.setTimer(waitMs, () => socket.destroy())
  await closed
  waiting.cancel()
  return Buffer.concat(chunks).toString('latin1')
}

export const wire: readonly Fuzz[] = [wireFuzz()]
