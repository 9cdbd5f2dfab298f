import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { type ClusterProcess, freePort, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'
import { finished, until } from '../support/processes.ts'

let cluster: ClusterProcess

const application = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: kept }
spec:
  replicas: 2
  selector: { matchLabels: { app: kept } }
  template:
    metadata: { labels: { app: kept } }
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{ name: main, image: 'busybox:1', command: [sleep, '3600'] }]
`
const kubectl = (...args: string[]) => cluster.kubectl(...args)
before(async () => {
  cluster = await startClusterProcess({ images: [busyboxImage('docker.io/library/busybox:1')] })
  await cluster.apply(application)
  await kubectl('rollout', 'status', 'deployment/kept', '--timeout=30s')
})
after(() => cluster?.close())

const containers = () =>
  kubectl('get', 'pods', '-l', 'app=kept', '-o', 'jsonpath={.items[*].status.containerStatuses[0].containerID}')

test('a second kubets on the same data directory is refused with the way out', async () => {
  const { code, stderr } = await cluster.kubetsFinished(['up', '--port', String(await freePort())])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^kubets: kubets already runs on \S+; use it with KUBECONFIG=\S+, or choose another --data-dir and --port\n$/,
  )
})

test('status and image ls say what is there', async () => {
  assert.match(
    await cluster.kubets('status'),
    /^server +running, pid \d+, kubets \S+, https:\/\/127\.0\.0\.1:\d+\nstore +sqlite, \d+ objects, .*\nnode +e2e: agent running\n$/,
  )
  assert.match(
    await cluster.kubets('image', 'ls'),
    /^NODE +IMAGE +ID +SIZE\n[\s\S]*e2e +docker\.io\/library\/busybox:1 +[0-9a-f]{12} +[\d.]+MiB/,
  )
})

test('Ctrl-C leaves Pods alone, and the next start goes on with them', async () => {
  const before = await containers()
  assert.equal(await cluster.interrupt(), 0)
  const stopped = await cluster.kubetsFinished(['status'])
  assert.equal(stopped.code, 1)
  assert.match(stopped.stdout, /^server +not running .*\nnode +e2e: agent not running\n$/)
  await cluster.up()
  await kubectl('wait', '--for=condition=Ready', 'node/e2e', '--timeout=30s')
  assert.equal(await containers(), before)
  await kubectl('scale', 'deployment/kept', '--replicas=3')
  await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=3', 'deployment/kept', '--timeout=30s')
  assert.ok((await containers()).split(' ').length === 3)
})

test('what changed while kubets was away is caught up with', async () => {
  await kubectl('scale', 'deployment/kept', '--replicas=1')
  const names = async () => (await kubectl('get', 'pods', '-l', 'app=kept', '-o', 'name')).trim().split('\n')
  await until('one is left', async () => (await names()).length === 1)
  const [name] = await names()
  const pid = (await kubectl('exec', name!, '--', 'sh', '-c', 'readlink /proc/self/ns/pid')).trim()
  await cluster.interrupt()
  await killAllIn(pid)
  await cluster.up()
  await until(
    'the container has been started again',
    async () => Number(await kubectl('get', name!, '-o', 'jsonpath={.status.containerStatuses[0].restartCount}')) === 1,
  )
})

/** Kills the process that is number one of this process namespace. */
async function killAllIn(namespace: string): Promise<void> {
  const { stdout } = await finished('lsns', ['-n', '-t', 'pid', '-o', 'NS,PID'])
  const line = stdout.split('\n').find((each) => namespace.includes(`[${each.trim().split(/\s+/)[0]}]`))
  assert.ok(line, `no process in ${namespace}`)
  process.kill(Number(line.trim().split(/\s+/)[1]), 'SIGKILL')
}

test('down removes all Pods and leaves the data; down --purge the data too', async () => {
  assert.match(await cluster.kubets('down'), /^removed the server, node e2e with 1 Pods\n$/)
  const { stdout } = await finished('nft', ['list', 'tables'])
  assert.ok(!stdout.includes('kubets'), stdout)
  assert.equal((await finished('pgrep', ['-f', `containerd.*${cluster.dataDir}`])).stdout, '')
  await cluster.up()
  await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=1', 'deployment/kept', '--timeout=60s')
  await cluster.kubets('down', '--purge')
  assert.ok(!existsSync(cluster.dataDir))
})
