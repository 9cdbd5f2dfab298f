import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import https from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { commandTransports, runCommand } from '../../../test/support/streaming-client.ts'
import { type StreamingNode, startStreamingNode, webPod } from '../../../test/support/streaming-node.ts'
import { type ClientTls, tlsOptions } from '../../platform/http-upgrade.ts'
import { connectSpdyPortForward, connectTunnelPortForward } from '../../platform/port-forward/connect.ts'
import { queryOfOptions, type RemoteCommandOptions } from '../../platform/remote-command/streams.ts'

let node: StreamingNode
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubets-kubelet-server-'))
  const logPath = join(folder, '0.log')
  await writeFile(logPath, '2026-01-01T00:00:00.5Z stdout F one\n2026-01-01T00:00:01Z stderr F two\n')
  node = await startStreamingNode({ logPath })
})
after(async () => {
  await node.close()
  await rm(folder, { recursive: true })
})

const urlOf = (path: string) => new URL(`https://127.0.0.1:${node.port}${path}`)

async function get(path: string, tls: ClientTls = node.tls, method = 'GET'): Promise<{ status: number; body: string }> {
  const request = https.request(urlOf(path), { method, agent: false, ...tlsOptions(tls) })
  request.end()
  const [response] = await once(request, 'response')
  return { status: response.statusCode, body: await text(response) }
}

const answers = [
  { title: 'is healthy', path: '/healthz', status: 200, body: 'ok' },
  { title: 'shows a log', path: '/containerLogs/default/web/app', status: 200, body: 'one\ntwo\n' },
  { title: 'shows the end of a log', path: '/containerLogs/default/web/app?tailLines=1', status: 200, body: 'two\n' },
  {
    title: 'shows the times of a log',
    path: '/containerLogs/default/web/app?timestamps=true&limitBytes=34',
    status: 200,
    body: '2026-01-01T00:00:00.500000000Z one',
  },
  {
    title: 'knows no such Pod',
    path: '/containerLogs/default/none/app',
    status: 404,
    body: 'pod "none" does not exist',
  },
  {
    title: 'knows no such container',
    path: '/containerLogs/default/web/none',
    status: 404,
    body: 'container "none" not found in pod "web"',
  },
  {
    title: 'has no log of an earlier container',
    path: '/containerLogs/default/web/app?previous=true',
    status: 400,
    body: 'previous terminated container "app" in pod "web" not found',
  },
  {
    title: 'refuses options that cannot be read',
    path: '/containerLogs/default/web/app?tailLines=x',
    status: 400,
    body: '{"message": "Unable to decode query."}',
  },
  {
    title: 'refuses options that make no sense',
    path: '/containerLogs/default/web/app?sinceSeconds=0',
    status: 422,
    body: '{"message": "Invalid request."}',
  },
  {
    title: 'wants an upgrade for exec',
    path: '/exec/default/web/app?output=1',
    status: 400,
    body: 'Upgrade request required',
  },
  {
    title: 'runs a command without streams',
    path: '/run/default/web/app?cmd=ls%20-l',
    method: 'POST',
    status: 200,
    body: 'ls+-l',
  },
  { title: 'knows its paths', path: '/nowhere', status: 404, body: '404 page not found\n' },
  { title: 'knows its methods', path: '/pods', method: 'PUT', status: 405, body: '405: Method Not Allowed' },
]
for (const { title, path, method, status, body } of answers) {
  test(`the kubelet ${title}`, async () => {
    assert.deepEqual(await get(path, node.tls, method), { status, body })
  })
}

test('the kubelet shows its Pods, statistics and metrics', async () => {
  const pods = JSON.parse((await get('/pods')).body)
  assert.deepEqual(pods, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [webPod] })
  const summary = JSON.parse((await get('/stats/summary')).body)
  assert.equal(summary.node.nodeName, 'node-1')
  assert.equal(summary.pods[0].containers[0].memory.workingSetBytes, 200)
  const { body } = await get('/metrics/resource')
  assert.match(body, /^container_cpu_usage_seconds_total\{container="app",namespace="default",pod="web"\} 2\.5 \d+$/m)
  assert.match(body, /^node_memory_working_set_bytes 200 \d+$/m)
  assert.match((await get('/metrics')).body, /^kubelet_running_pods 1$/m)
  const { body: ofContainers } = await get('/metrics/cadvisor')
  assert.match(
    ofContainers,
    /^container_memory_working_set_bytes\{container="app",namespace="default",pod="web"\} 200 /m,
  )
})

test('the kubelet asks for a certificate, and then for leave', async () => {
  const { certificateAuthority } = node.tls
  assert.deepEqual(await get('/pods', { certificateAuthority: certificateAuthority! }), {
    status: 401,
    body: 'Unauthorized',
  })
  assert.deepEqual(await get('/pods', node.strangerTls), {
    status: 403,
    body: 'Forbidden (user=stranger, verb=get, resource=nodes, subresource(s)=[pods proxy])\n',
  })
})

const all: RemoteCommandOptions = { stdin: true, stdout: true, stderr: true, tty: false }
const output: RemoteCommandOptions = { stdin: false, stdout: true, stderr: true, tty: false }

function execUrl(command: readonly string[], streams: RemoteCommandOptions): URL {
  const query = queryOfOptions(streams)
  for (const word of command) query.append('command', word)
  return urlOf(`/exec/default/web/app?${query}`)
}

for (const [transport, connect] of Object.entries(commandTransports)) {
  const open = (command: string[], streams: RemoteCommandOptions) =>
    connect({ url: execUrl(command, streams), tls: node.tls }, streams)

  test(`exec over ${transport} shows both outputs apart`, async () => {
    const result = await runCommand(await open(['warn', 'careful'], output))
    assert.deepEqual(result, { stdout: 'out\n', stderr: 'careful\n', outcome: { kind: 'exited', code: 0 } })
  })

  test(`exec over ${transport} tells the exit code`, async () => {
    const { outcome } = await runCommand(await open(['exit', '3'], output))
    assert.deepEqual(outcome, { kind: 'exited', code: 3 })
  })

  test(`exec over ${transport} passes the size of the terminal`, async () => {
    const streams = await open(['size'], { stdin: false, stdout: true, stderr: false, tty: true })
    streams.resize?.write('{"Width":80,"Height":24}')
    assert.equal((await runCommand(streams)).stdout, '{"Width":80,"Height":24}')
  })
}

for (const transport of ['SPDY', 'WebSocket v5.channel.k8s.io']) {
  test(`exec over ${transport} passes megabytes of input and notices its end`, async () => {
    const sent = Buffer.alloc(2 * 1024 * 1024, 'kubets ')
    const streams = await commandTransports[transport]!({ url: execUrl(['cat'], all), tls: node.tls }, all)
    const { stdout, outcome } = await runCommand(streams, sent)
    assert.equal(stdout, sent.toString())
    assert.deepEqual(outcome, { kind: 'exited', code: 0 })
  })
}

test('attach reaches the running container', async () => {
  const url = urlOf(`/attach/default/web/app?${queryOfOptions(all)}`)
  const streams = await commandTransports.SPDY!({ url, tls: node.tls }, all)
  assert.equal((await runCommand(streams, 'hello')).stdout, 'hello')
})

const refusals = [
  { title: 'a Pod that is not there', path: '/exec/default/none/app?output=1', why: /pod does not exist/ },
  { title: 'a Pod that was replaced', path: '/exec/default/web/uid-0/app?output=1', why: /pod does not exist/ },
  {
    title: 'a container that does not run',
    path: '/exec/default/web/none?output=1',
    why: /container not found \("none"\)/,
  },
  {
    title: 'no stream at all',
    path: '/exec/default/web/app',
    why: /you must specify at least 1 of stdin, stdout, stderr/,
  },
]
for (const { title, path, why } of refusals) {
  test(`exec refuses ${title}`, async () => {
    await assert.rejects(commandTransports.SPDY!({ url: urlOf(path), tls: node.tls }, output), why)
  })
}

const forwards = { SPDY: connectSpdyPortForward, 'a WebSocket tunnel': connectTunnelPortForward }
for (const [transport, connect] of Object.entries(forwards)) {
  test(`port-forward over ${transport} reaches localhost of the Pod, and says what is not there`, async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const forward = await connect({ url: urlOf('/portForward/default/web'), tls: node.tls })
    try {
      const [first, second] = await Promise.all([forward.open(port), forward.open(port)])
      first.data.end('first')
      second.data.end(Buffer.alloc(300_000, 'x'))
      assert.equal(await text(first.data), 'first')
      assert.equal((await text(second.data)).length, 300_000)
      server.close()
      await once(server, 'close')
      const refused = await forward.open(port)
      assert.match(
        await text(refused.error),
        new RegExp(`^error forwarding port ${port} to pod web_default, uid uid-1: `),
      )
    } finally {
      forward.close()
      await forward.closed
      server.close()
    }
  })
}
