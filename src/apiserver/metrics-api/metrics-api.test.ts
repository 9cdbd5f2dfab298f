import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import { nodeMetrics } from '../../api/metrics/metrics.ts'
import { apiServices, nodes, pods } from '../../api/types/resources.ts'
import type { Transport } from '../../client/transport.ts'
import { CertificateAuthority } from '../../cluster/certificates.ts'
import { decodeMessage } from '../../machinery/protobuf/decode.ts'
import { encodeMessage } from '../../machinery/protobuf/encode.ts'
import { systemClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/log.ts'
import { createLoopbackTransport } from '../loopback.ts'
import { pageNotFound } from '../non-resource.ts'
import { createRegistry } from '../registry.ts'
import type { Handler } from '../request.ts'
import { parseRequestInfo } from '../request-info.ts'
import { createMetricsApi } from './metrics-api.ts'

let kubelet: Server
let transport: Transport
const registry = createRegistry([])
const stopping = new AbortController()
const reader = new FakeReader()
const beganMs = systemClock.nowMs()
let running: Promise<void>

/** A quarter of a core by `app`, and half of one by the node. */
function metricsText(): string {
  const nowMs = systemClock.nowMs()
  // Small numbers: the last digits are looked at.
  const passedMs = nowMs - beganMs
  const labels = '{container="app",namespace="shop",pod="web"}'
  return [
    `node_cpu_usage_seconds_total ${passedMs / 2_000} ${nowMs}`,
    `node_memory_working_set_bytes 1.073741824e+09 ${nowMs}`,
    `container_cpu_usage_seconds_total${labels} ${passedMs / 4_000} ${nowMs}`,
    `container_memory_working_set_bytes${labels} 2.097152e+06 ${nowMs}`,
    `container_start_time_seconds${labels} 1 ${nowMs}`,
  ].join('\n')
}

before(async () => {
  const authority = await CertificateAuthority.create('kubelets', systemClock)
  const { certificate: cert, key } = await authority.issue({
    commonName: 'kubelet',
    names: ['127.0.0.1'],
    usage: 'server',
  })
  kubelet = createServer({ cert, key }, ({ url }, response) => {
    response.writeHead(url === '/metrics/resource' ? 200 : 404).end(metricsText())
  })
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve))
  const { port: Port } = kubelet.address() as AddressInfo
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    daemonEndpoints: { kubeletEndpoint: { Port } },
  }
  const gone = { ...status, daemonEndpoints: { kubeletEndpoint: { Port: 1 } } }
  reader.put(nodes, { metadata: { name: 'one', labels: { zone: 'a' } }, status }, { metadata: { name: 'hollow' } })
  reader.put(nodes, { metadata: { name: 'gone' }, status: gone })
  const spec = { containers: [], nodeName: 'one' }
  reader.put(
    pods,
    { metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } }, spec },
    { metadata: { name: 'silent', namespace: 'shop' }, spec },
  )
  const api = createMetricsApi({
    reader,
    registry,
    kubelet: { tls: {}, defaultPort: 10250, preferredAddressTypes: ['InternalIP'] },
    clock: systemClock,
    log: silentLogger,
  })
  const handler: Handler = (context) => {
    context.info = parseRequestInfo(context.method, context.path, context.query)
    return api.handle(context) ?? Promise.resolve(pageNotFound)
  }
  const identity = { name: 'admin', groups: [], extra: {} }
  transport = createLoopbackTransport({ handler, identity, clock: systemClock })
  running = api.run(stopping.signal)
})

after(async () => {
  stopping.abort()
  await running
  kubelet.closeAllConnections()
  kubelet.close()
})

interface Metrics {
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> }
  readonly window: string
  readonly usage?: { readonly cpu: string; readonly memory: string }
  readonly containers?: readonly { readonly name: string; readonly usage: { cpu: string; memory: string } }[]
}

async function get(path: string, query: Record<string, string> = {}, accept?: string) {
  const { status, body } = await transport.request({
    method: 'GET',
    path: `/apis/metrics.k8s.io/v1beta1${path}`,
    query,
    ...(accept !== undefined && { accept }),
  })
  return { status, body: body as Metrics & { items: readonly Metrics[]; kind: string; message: string } }
}

test('a node is told by its kubelet; those without one are left out', async () => {
  const { body } = await get('/nodes')
  assert.equal(body.kind, 'NodeMetricsList')
  assert.deepEqual(
    body.items.map(({ metadata: { name, labels }, usage }) => [name, labels, usage]),
    [['one', { zone: 'a' }, { cpu: '500m', memory: '1Gi' }]],
  )
  assert.match(body.items[0]!.window, /^[\d.]+s$/)
})

test('a Pod is told by container', async () => {
  const { body } = await get('/namespaces/shop/pods/web')
  assert.deepEqual(body.containers, [{ name: 'app', usage: { cpu: '250m', memory: '2Mi' } }])
})

for (const [path, query, names] of [
  ['/nodes', { labelSelector: 'zone=b' }, []],
  ['/nodes', { fieldSelector: 'metadata.name=one' }, ['one']],
  ['/pods', {}, ['web']],
  ['/namespaces/other/pods', {}, []],
  ['/namespaces/shop/pods', { labelSelector: 'app=web' }, ['web']],
  ['/namespaces/shop/pods', { labelSelector: 'app!=web' }, []],
] as [string, Record<string, string>, string[]][]) {
  test(`${path} with ${JSON.stringify(query)} are ${JSON.stringify(names)}`, async () => {
    const { body } = await get(path, query)
    assert.deepEqual(
      body.items.map(({ metadata }) => metadata.name),
      names,
    )
  })
}

for (const [path, message] of [
  ['/nodes/gone', 'nodemetrics.metrics.k8s.io "gone" not found'],
  ['/namespaces/shop/pods/silent', 'podmetrics.metrics.k8s.io "shop/silent" not found'],
]) {
  test(`${path} is not found`, async () => {
    const { status, body } = await get(path!)
    assert.deepEqual([status, body.message], [404, message])
  })
}

test('kubectl gets a table', async () => {
  const { body } = await get('/namespaces/shop/pods', {}, 'application/json;as=Table;g=meta.k8s.io;v=v1')
  const { columnDefinitions, rows } = body as unknown as {
    columnDefinitions: { name: string }[]
    rows: { cells: unknown[] }[]
  }
  assert.deepEqual(
    columnDefinitions.map(({ name }) => name),
    ['Name', 'cpu', 'memory', 'Window'],
  )
  assert.deepEqual(rows[0]!.cells.slice(0, 3), ['web', '250m', '2Mi'])
})

test('another server takes the place of this one, and gives it back', () => {
  const served = () => registry.all().map(({ kind }) => kind)
  assert.deepEqual(served(), ['NodeMetrics', 'PodMetrics'])
  const metadata = { name: 'v1beta1.metrics.k8s.io' }
  const service = { name: 'metrics-server', namespace: 'kube-system' }
  reader.put(apiServices, { metadata, spec: { service, groupPriorityMinimum: 100, versionPriority: 100 } })
  assert.deepEqual(served(), [])
  reader.remove(apiServices, metadata.name)
  assert.deepEqual(served(), ['NodeMetrics', 'PodMetrics'])
})

test('clients that prefer protobuf get it, windows as nanoseconds', () => {
  const metrics = { timestamp: '2026-01-01T00:00:00Z', window: '15.5s', usage: { cpu: '1', memory: '1Gi' } }
  const decoded = decodeMessage(encodeMessage(metrics, nodeMetrics.schema), nodeMetrics.schema)
  assert.equal((decoded as unknown as Metrics).window, '15.5s')
})
