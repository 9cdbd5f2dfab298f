import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { agentSocket } from '../../src/cluster/agent-config.ts'
import { agentLogFile } from '../../src/cluster/agents.ts'
import { control } from '../../src/cluster/control-socket.ts'
import { stateDirectory } from '../../src/cluster/nodes.ts'
import { type ClusterProcess, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'
import { until } from '../support/processes.ts'

let cluster: ClusterProcess
let nodePortUrl: string
const kubectl = (...args: string[]) => cluster.kubectl(...args)

/** The client asks by name, a new connection and a new look-up each time, and counts. */
const ask = 'if wget -qO- http://web.default.svc.cluster.local; then echo >> /tmp/good; else date >> /tmp/bad; fi'

const application = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox:1
        command: [sh, -c, 'mkdir /www; echo yes > /www/index.html; exec httpd -f -p 80 -h /www']
        readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80, nodePort: 30081 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client, labels: { app: client } }
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: busybox:1
    command: [sh, -c, 'until wget -qO- http://web; do :; done; touch /tmp/good /tmp/bad; while :; do ${ask}; done > /dev/null 2>> /tmp/bad']
`

before(async () => {
  cluster = await startClusterProcess({ images: [busyboxImage('docker.io/library/busybox:1')] })
  await cluster.apply(application)
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
  await kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=30s')
  const address = await kubectl('get', 'node', 'e2e', '-o', 'jsonpath={.status.addresses[0].address}')
  nodePortUrl = `http://${address}:30081/`
  await until(
    'the client gets answers',
    async () => (await cluster.kubectlFinished(['exec', 'client', '--', 'test', '-s', '/tmp/good'])).code === 0,
  )
  await until('the NodePort answers', () =>
    fetch(nodePortUrl).then(
      ({ ok }) => ok,
      () => false,
    ),
  )
})
after(() => cluster?.close())

/** Asks the NodePort from the host, one request after the other, until told to stop. */
function startHostTraffic() {
  const counts = { good: 0, bad: [] as string[] }
  let stopping = false
  const run = async () => {
    while (!stopping) {
      try {
        const answer = await fetch(nodePortUrl, {
          headers: { connection: 'close' },
          signal: AbortSignal.timeout(10_000),
        })
        if ((await answer.text()) === 'yes\n') counts.good++
        else counts.bad.push(`status ${answer.status}`)
      } catch (error) {
        counts.bad.push(String((error as Error).cause ?? error))
      }
    }
  }
  const running = run()
  return {
    counts,
    async stop() {
      stopping = true
      await running
    },
  }
}

/** What the client in the Pod has counted. */
async function podTraffic(): Promise<{ good: number; bad: string }> {
  const counted = await kubectl('exec', 'client', '--', 'sh', '-c', 'wc -l < /tmp/good; cat /tmp/bad')
  const [good, ...bad] = counted.split('\n')
  return { good: Number(good), bad: bad.join('\n').trim() }
}

const containers = () =>
  kubectl(
    'get',
    'pods',
    '-l',
    'app in (web,client)',
    '-o',
    'jsonpath={.items[*].status.containerStatuses[0].containerID}',
  )

/** All is right when a new Pod runs and can be removed again, and the node is Ready. */
async function proveHealthy(): Promise<void> {
  await kubectl('wait', '--for=condition=Ready', 'node/e2e', '--timeout=60s')
  await kubectl('run', 'proof', '--image=busybox:1', '--restart=Never', '--', 'wget', '-qO-', 'http://web')
  await kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/proof', '--timeout=60s')
  assert.equal(await kubectl('logs', 'proof'), 'yes\n')
  await kubectl('delete', 'pod', 'proof')
}

const agentPid = async () => {
  const status = await control(agentSocket(join(cluster.dataDir, 'nodes/e2e')), { command: 'status' })
  return (status as { pid: number }).pid
}
const containerdPid = () => Number(readFileSync(join(stateDirectory(cluster.dataDir, 'e2e'), 'containerd.pid'), 'utf8'))

/** Kills the process and resolves when another has taken its place. */
async function killAndAwaitNext(pidOf: () => number | Promise<number>): Promise<void> {
  const killed = await pidOf()
  process.kill(killed, 'SIGKILL')
  await until('another process is there', async () => {
    try {
      return (await pidOf()) !== killed
    } catch {
      return false // Nobody listens yet.
    }
  })
}

const kills: Readonly<Record<string, () => Promise<unknown>>> = {
  'the server': async () => {
    await cluster.killServer()
    await cluster.up()
  },
  'the agent': () => killAndAwaitNext(agentPid),
  containerd: () => killAndAwaitNext(containerdPid),
}

for (const [victim, kill] of Object.entries(kills)) {
  test(`kill -9 of ${victim}: no request fails, no Pod is touched, and all is right again`, async () => {
    const before = await containers()
    const host = startHostTraffic()
    try {
      await until('requests come through', () => host.counts.good > 5)
      await kill()
      await proveHealthy()
      const good = { host: host.counts.good, pod: (await podTraffic()).good }
      await until('requests still come through', async () => {
        return host.counts.good > good.host && (await podTraffic()).good > good.pod
      })
    } finally {
      await host.stop()
    }
    assert.deepEqual(host.counts.bad, [])
    assert.equal((await podTraffic()).bad, '')
    assert.equal(await containers(), before)
  })
}

test('the agent does not say again and again that containerd was away', () => {
  const lines = readFileSync(agentLogFile(cluster.dataDir, 'e2e'), 'utf8').split('\n')
  assert.equal(lines.filter((line) => line.includes('containerd died')).length, 1)
  assert.equal(lines.filter((line) => line.includes('UNAVAILABLE')).length, 0)
})
