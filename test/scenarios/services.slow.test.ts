import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ClusterProcess, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'
import { until } from '../support/processes.ts'

let cluster: ClusterProcess
const kubectl = (...args: string[]) => cluster.kubectl(...args)

const application = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox:1
        command: [sh, -c, 'mkdir /www; hostname > /www/index.html; touch /www/healthy; exec httpd -f -p 80 -h /www']
        readinessProbe: { httpGet: { path: /healthy, port: 80 }, periodSeconds: 1, failureThreshold: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, selector: { app: web }, ports: [{ name: http, port: 80, nodePort: 30080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web-headless }
spec: { clusterIP: None, selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web-sticky }
spec: { sessionAffinity: ClientIP, selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec:
  terminationGracePeriodSeconds: 1
  containers: [{ name: main, image: 'busybox:1', command: [sleep, '3600'] }]
`

before(async () => {
  cluster = await startClusterProcess({ images: [busyboxImage('docker.io/library/busybox:1')] })
  await cluster.apply(application)
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=30s')
  await untilReady(3)
})
after(() => cluster?.close())

const ready = 'jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.targetRef.name} {end}'
async function readyEndpoints(): Promise<string[]> {
  const names = await kubectl('get', 'endpointslices', '-l', 'kubernetes.io/service-name=web', '-o', ready)
  return names.trim().split(' ').filter(Boolean).sort()
}

const untilReady = (count: number) =>
  until(`${count} endpoints are ready`, async () => (await readyEndpoints()).length === count)

/** Which Pods answered so many requests from the client's Pod. */
async function answeredBy(url: string, requests: number): Promise<string[]> {
  const loop = `for i in $(seq ${requests}); do wget -qO- ${url} || exit 1; done`
  return (await kubectl('exec', 'client', '--', 'sh', '-c', loop)).trim().split('\n')
}

test('requests by name are spread over three replicas', async () => {
  const pods = await readyEndpoints()
  for (const url of ['http://web', 'http://web.default.svc.cluster.local']) {
    await until(`all three answer ${url}`, async () => new Set(await answeredBy(url, 20)).size === 3)
  }
  assert.deepEqual(
    [...new Set(await answeredBy('http://web-headless', 20))].every((pod) => pods.includes(pod)),
    true,
  )
})

test('session affinity keeps a client with one replica', async () => {
  assert.equal(new Set(await answeredBy('http://web-sticky', 20)).size, 1)
})

test('names of Services and Pods resolve as the DNS specification says', async () => {
  const lookUp = async (name: string) =>
    (await kubectl('exec', 'client', '--', 'nslookup', name)).split('\n\n').slice(1).join()
  const clusterIp = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')
  assert.match(
    await lookUp('web.default.svc.cluster.local'),
    new RegExp(`Address.*: ${clusterIp.replaceAll('.', '\\.')}\\b`),
  )
  const headless = await lookUp('web-headless.default.svc.cluster.local')
  assert.equal([...headless.matchAll(/Address.*: 10\.244\./g)].length, 3)
})

test('the host reaches the Service by NodePort and by its ClusterIP', async () => {
  const names = new Set<string>()
  const address = await kubectl('get', 'node', 'e2e', '-o', 'jsonpath={.status.addresses[0].address}')
  const get = async (host: string) => (await fetch(`http://${host}/`, { headers: { connection: 'close' } })).text()
  for (let i = 0; i < 30; i++) names.add((await get(`${address}:30080`)).trim())
  assert.deepEqual([...names].sort(), await readyEndpoints())
  assert.match(await get(await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')), /^web-/)
})

test('a Pod that is not ready leaves the Service, and comes back', async () => {
  const [pod] = await readyEndpoints()
  await kubectl('exec', pod!, '--', 'rm', '/www/healthy')
  await untilReady(2)
  await until('it gets no requests', async () => !(await answeredBy('http://web', 20)).includes(pod!))
  await kubectl('exec', pod!, '--', 'touch', '/www/healthy')
  await untilReady(3)
  await until('it gets requests again', async () => (await answeredBy('http://web', 20)).includes(pod!))
})

test('a Service without endpoints refuses, and a deleted one leaves no rules', async () => {
  await kubectl('create', 'service', 'clusterip', 'empty', '--tcp=80')
  const address = await kubectl('get', 'service', 'empty', '-o', 'jsonpath={.spec.clusterIP}')
  const refused = async () =>
    (await cluster.kubectlFinished(['exec', 'client', '--', 'nc', '-w', '5', address, '80'])).stderr
  await until('connections are refused', async () => /refused/.test(await refused()), { describe: refused })
  await kubectl('delete', 'service', 'empty')
})
