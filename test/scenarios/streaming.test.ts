import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import type { Node, Pod } from '../../src/api/types/core/v1.ts'
import { connectSpdyPortForward, connectTunnelPortForward } from '../../src/platform/port-forward/connect.ts'
import type { RemoteCommandOptions } from '../../src/platform/remote-command/streams.ts'
import { commandTransports, runCommand } from '../support/streaming-client.ts'
import { type StreamingEdge, startStreamingEdge } from '../support/streaming-edge.ts'
import { type StreamingNode, startStreamingNode, webPod } from '../support/streaming-node.ts'

let node: StreamingNode
let folder: string
/** By what the Node says of its kubelet: one takes the newest WebSocket protocols, the other SPDY alone. */
const edges: Record<string, StreamingEdge> = {}
const features: Readonly<Record<string, string[]>> = {
  'a kubelet that speaks WebSocket': ['ExtendWebSocketsToKubelet'],
  'a kubelet that speaks SPDY only': [],
}

function podNamed(name: string, containers: string[], nodeName = ''): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: containers.map((container) => ({ name: container, image: 'x' })), nodeName },
  }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubets-streaming-'))
  const logPath = join(folder, '0.log')
  await writeFile(logPath, '2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:01Z stdout F two\n')
  node = await startStreamingNode({ logPath })
  for (const [title, declaredFeatures] of Object.entries(features)) {
    const status: Node['status'] = {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: node.port } },
      declaredFeatures,
    }
    const objects = [
      webPod,
      podNamed('unassigned', ['app']),
      podNamed('two', ['a', 'b'], 'none'),
      podNamed('lost', ['a'], 'none'),
      { kind: 'Node', metadata: { name: 'node-1' }, status },
    ]
    edges[title] = await startStreamingEdge({ objects, kubeletTls: node.tls })
  }
})
after(async () => {
  for (const edge of Object.values(edges)) await edge.close()
  await node.close()
  await rm(folder, { recursive: true })
})

const output: RemoteCommandOptions = { stdin: false, stdout: true, stderr: true, tty: false }
const firstEdge = () => Object.values(edges)[0]!
const podUrl = (edge: StreamingEdge, path: string) => new URL(`${edge.url}/api/v1/namespaces/default/pods/${path}`)

for (const title of Object.keys(features)) {
  for (const [transport, connect] of Object.entries(commandTransports)) {
    test(`exec over ${transport} reaches ${title}`, async () => {
      const url = podUrl(edges[title]!, 'web/exec?stdout=true&stderr=true&command=warn&command=careful')
      const { stdout, stderr, outcome } = await runCommand(await connect({ url }, output))
      assert.deepEqual(
        { stdout, stderr, outcome },
        { stdout: 'out\n', stderr: 'careful\n', outcome: { kind: 'exited', code: 0 } },
      )
    })
  }

  for (const [transport, connect] of Object.entries({
    SPDY: connectSpdyPortForward,
    'a tunnel': connectTunnelPortForward,
  })) {
    test(`port-forward over ${transport} reaches ${title}`, async () => {
      const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const forward = await connect({ url: podUrl(edges[title]!, 'web/portforward') })
      try {
        const { data } = await forward.open((server.address() as AddressInfo).port)
        data.end('hello')
        assert.equal(await text(data), 'hello')
      } finally {
        forward.close()
        await forward.closed
        server.close()
      }
    })
  }
}

const refusals = [
  { title: 'log of a Pod without Node', path: 'unassigned/log', status: 204, message: undefined },
  {
    title: 'log of an unknown container',
    path: 'web/log?container=zz',
    status: 400,
    message: 'container zz is not valid for pod web',
  },
  { title: 'log of an unknown Pod', path: 'none/log', status: 404, message: 'pods "none" not found' },
  {
    title: 'log without a container named',
    path: 'two/log',
    status: 400,
    message: 'a container name must be specified for pod two, choose one of: [a b]',
  },
  { title: 'log on an unknown Node', path: 'lost/log', status: 404, message: 'pods "none" not found' },
  {
    title: 'log of less than no lines',
    path: 'web/log?tailLines=-1',
    status: 422,
    message: 'PodLogOptions "web" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  },
  {
    title: 'log since two times',
    path: 'web/log?sinceSeconds=1&sinceTime=2024-01-01T00:00:00Z',
    status: 422,
    message:
      'PodLogOptions "web" is invalid: []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
  },
  {
    title: 'log with a number that is none',
    path: 'web/log?tailLines=x',
    status: 400,
    message: 'strconv.ParseInt: parsing "x": invalid syntax',
  },
  {
    title: 'earlier log that is not there',
    path: 'web/log?previous=true',
    status: 400,
    message: 'previous terminated container "app" in pod "web" not found',
  },
  {
    title: 'exec in a Pod without Node',
    path: 'unassigned/exec?command=ls',
    status: 400,
    message: 'pod unassigned does not have a host assigned',
  },
  {
    title: 'attach to a Pod without Node',
    path: 'unassigned/attach',
    status: 400,
    message: 'pod unassigned does not have a host assigned',
  },
  {
    title: 'port-forward to a Pod without Node',
    path: 'unassigned/portforward',
    status: 400,
    message: 'pod unassigned does not have a host assigned',
  },
  {
    title: 'exec without an upgrade',
    path: 'web/exec?command=ls&stdout=true',
    status: 400,
    message: 'Upgrade request required',
  },
  { title: 'proxy to an unknown Pod', path: 'none/proxy/', status: 404, message: 'pods "none" not found' },
  { title: 'proxy to a Pod without address', path: 'web/proxy/', status: 400, message: 'address not allowed' },
]
for (const { title, path, status, message } of refusals) {
  test(`${title} is answered as upstream does`, async () => {
    const response = await fetch(podUrl(firstEdge(), path))
    const body = await response.text()
    assert.deepEqual([response.status, body === '' ? undefined : JSON.parse(body).message], [status, message])
  })
}

test('a log is passed on', async () => {
  const response = await fetch(podUrl(firstEdge(), 'web/log?timestamps=true&tailLines=1'))
  assert.equal(response.headers.get('content-type'), 'text/plain')
  assert.equal(await response.text(), '2026-01-01T00:00:01.000000000Z two\n')
})

test('who may only get cannot exec through a WebSocket', async () => {
  const edge = await startStreamingEdge({ objects: [webPod], kubeletTls: node.tls, allowCreate: false })
  try {
    const url = podUrl(edge, 'web/exec?stdout=true&command=ls')
    await assert.rejects(
      commandTransports['WebSocket v5.channel.k8s.io']!({ url }, output),
      /pods \\"web\\" is forbidden: not today/,
    )
  } finally {
    await edge.close()
  }
})

const noKubectl = spawnSync('kubectl', ['version', '--client']).error ? 'there is no kubectl on the PATH' : false

async function kubectl(edge: StreamingEdge, args: readonly string[], input = '') {
  const env = { ...process.env, HOME: folder, KUBECONFIG: '/dev/null' }
  const child = spawn('kubectl', ['--server', edge.url, ...args], { env })
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { stdout, stderr, code: child.exitCode }
}

for (const title of Object.keys(features)) {
  test(`kubectl exec, attach and logs reach ${title}`, { skip: noKubectl }, async () => {
    const edge = edges[title]!
    const echo = await kubectl(edge, ['exec', 'web', '--', 'echo', 'hello', 'world'])
    assert.deepEqual([echo.stdout, echo.code], ['hello world\n', 0], echo.stderr)
    assert.equal((await kubectl(edge, ['exec', '-i', 'web', '--', 'cat'], 'from stdin')).stdout, 'from stdin')
    const failed = await kubectl(edge, ['exec', 'web', '--', 'exit', '7'])
    assert.deepEqual([failed.code, failed.stderr.trim()], [7, 'command terminated with exit code 7'])
    assert.equal((await kubectl(edge, ['attach', '-i', 'web'], 'attached')).stdout, 'attached')
    assert.equal((await kubectl(edge, ['logs', 'web', '--tail=1'])).stdout, 'two\n')
  })

  test(`kubectl port-forward reaches ${title}`, { skip: noKubectl }, async () => {
    const server = createHttpServer((_request, response) => response.end('forwarded')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const target = (server.address() as AddressInfo).port
    const env = { ...process.env, HOME: folder, KUBECONFIG: '/dev/null' }
    const child = spawn('kubectl', ['--server', edges[title]!.url, 'port-forward', 'pod/web', `:${target}`], { env })
    try {
      const [line] = await once(child.stdout, 'data')
      const port = /127\.0\.0\.1:(\d+)/.exec(String(line))?.[1]
      for (let round = 0; round < 3; round++) {
        assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'forwarded')
      }
    } finally {
      child.kill()
      await once(child, 'close')
      server.closeAllConnections()
      server.close()
    }
  })
}
