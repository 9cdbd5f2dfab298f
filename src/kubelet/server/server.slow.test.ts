import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { startTestNode, type TestNode, testImage } from '../../../test/support/node.ts'
import { commandTransports, runCommand } from '../../../test/support/streaming-client.ts'
import { type StreamingNode, startStreamingNode } from '../../../test/support/streaming-node.ts'
import type { Pod } from '../../api/types/core/v1.ts'
import { pods } from '../../api/types/resources.ts'
import { systemClock } from '../../platform/clock.ts'
import { connectSpdyPortForward } from '../../platform/port-forward/connect.ts'
import { queryOfOptions, type RemoteCommandOptions } from '../../platform/remote-command/streams.ts'
import { createCriHost } from './cri-host.ts'

let node: TestNode
let server: StreamingNode

/** Logs a line, then serves a page on 127.0.0.1 alone. */
const script = 'mkdir -p /www; echo greeting > /www/index.html; echo started; exec httpd -f -p 127.0.0.1:8080 -h /www'

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'streams', namespace: 'default' },
  spec: {
    nodeName: 'node-1',
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'app',
        image: testImage,
        imagePullPolicy: 'IfNotPresent',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        command: ['sh', '-c', script],
        stdin: true,
      },
    ],
  },
}

before(async () => {
  node = await startTestNode()
  await node.client.of(pods).create(pod)
  await node.until('streams', (one) => one?.status?.containerStatuses?.[0]?.state?.running !== undefined)
  const host = createCriHost({ cri: node.cri, pods: () => node.kubelet.pods(), clock: systemClock })
  server = await startStreamingNode({ host })
})
after(async () => {
  await server?.close()
  await node?.close()
})

const urlOf = (path: string) => new URL(`https://127.0.0.1:${server.port}${path}`)
const all: RemoteCommandOptions = { stdin: true, stdout: true, stderr: true, tty: false }
const terminal: RemoteCommandOptions = { stdin: true, stdout: true, stderr: false, tty: true }

for (const [transport, connect] of Object.entries(commandTransports)) {
  const exec = (command: string, streams: RemoteCommandOptions) => {
    const query = queryOfOptions(streams)
    for (const word of ['sh', '-c', command]) query.append('command', word)
    return connect({ url: urlOf(`/exec/default/streams/app?${query}`), tls: server.tls }, streams)
  }

  test(`containerd runs a command over ${transport}`, async () => {
    const { stdout, stderr, outcome } = await runCommand(await exec('echo out; echo err >&2; exit 5', all))
    assert.deepEqual(
      { stdout, stderr, outcome },
      { stdout: 'out\n', stderr: 'err\n', outcome: { kind: 'exited', code: 5 } },
    )
  })

  test(`containerd gives a terminal of the right size over ${transport}`, async () => {
    const streams = await exec('until [ -n "$(stty size 2>/dev/null)" ]; do sleep 0.05; done; stty size', terminal)
    streams.resize?.write('{"Width":101,"Height":42}')
    assert.equal((await runCommand(streams)).stdout, '42 101\r\n')
  })
}

for (const transport of ['SPDY', 'WebSocket v5.channel.k8s.io']) {
  test(`containerd takes a megabyte of input over ${transport} and sees its end`, async () => {
    const query = queryOfOptions(all)
    for (const word of ['md5sum']) query.append('command', word)
    const url = urlOf(`/exec/default/streams/app?${query}`)
    const { stdout } = await runCommand(
      await commandTransports[transport]!({ url, tls: server.tls }, all),
      Buffer.alloc(1 << 20),
    )
    assert.equal(stdout, 'b6d81b360a5672d80c27430f39153e2c  -\n')
  })
}

test('port-forward reaches what listens on localhost of the Pod alone', async () => {
  const forward = await connectSpdyPortForward({ url: urlOf('/portForward/default/streams'), tls: server.tls })
  try {
    const { data } = await forward.open(8080)
    data.write('GET /index.html HTTP/1.0\r\n\r\n')
    assert.match(await text(data), /^HTTP\/1\.[01] 200 OK\r\n[\s\S]*\ngreeting\n$/)
    const { error } = await forward.open(8081)
    assert.match(await text(error), /^error forwarding port 8081 to pod streams_default, uid .*ECONNREFUSED/)
  } finally {
    forward.close()
    await forward.closed
  }
})

test('containers have a log and use something', async () => {
  const host = createCriHost({ cri: node.cri, pods: () => node.kubelet.pods(), clock: systemClock })
  const [usage] = await host.stats.pods()
  assert.equal(usage?.name, 'streams')
  assert.ok(usage.usage.memoryWorkingSetBytes > 0 && usage.usage.usageCoreNanoSeconds > 0)
  assert.ok((await host.stats.node()).memoryAvailableBytes! > 0)
  assert.equal((await host.runningPods())[0]?.spec?.containers[0]?.name, 'app')
})
