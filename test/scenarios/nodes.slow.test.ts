import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ClusterProcess, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'
import { finished, until } from '../support/processes.ts'

let cluster: ClusterProcess
const kubectl = (...args: string[]) => cluster.kubectl(...args)

const application = `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox:1
        command: [sh, -c, 'mkdir /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www']
        readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: NodePort, selector: { app: web }, ports: [{ port: 80, nodePort: 30082 }] }
`

before(async () => {
  cluster = await startClusterProcess({
    flags: ['--nodes', '3'],
    images: [busyboxImage('docker.io/library/busybox:1')],
  })
  await cluster.apply(application)
  await kubectl('rollout', 'status', 'daemonset/web', '--timeout=60s')
})
after(() => cluster?.close())

const column = async (path: string) =>
  (await kubectl('get', 'pods', '-l', 'app=web', '-o', `jsonpath={.items[*]${path}}`)).split(' ')

test('three nodes are Ready, with a Pod on each', async () => {
  assert.equal(await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}'), 'e2e e2e-2 e2e-3')
  assert.deepEqual((await column('.spec.nodeName')).sort(), ['e2e', 'e2e-2', 'e2e-3'])
})

test('every Pod reaches every other at its own address, without its own being changed', async () => {
  const [names, addresses] = [await column('.metadata.name'), await column('.status.podIP')]
  for (const from of names) {
    for (const [i, address] of addresses.entries()) {
      assert.equal(await kubectl('exec', from, '--', 'wget', '-qO-', `http://${address}`), `${names[i]}\n`)
    }
  }
})

test('every Pod reaches the Service by name, on whichever node its endpoints are', async () => {
  const names = await column('.metadata.name')
  for (const from of names) {
    const loop =
      'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do wget -qO- http://web.default.svc.cluster.local || exit 1; done'
    await until(`all three answer ${from}`, async () => {
      const answers = (await kubectl('exec', from, '--', 'sh', '-c', loop)).trim().split('\n')
      return new Set(answers).size === 3
    })
  }
})

test('the NodePort answers on every node', async () => {
  const path = 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}'
  const addresses = (await kubectl('get', 'nodes', '-o', path)).split(' ')
  assert.equal(new Set(addresses).size, 3)
  for (const address of addresses) {
    const answer = await fetch(`http://${address}:30082/`, { headers: { connection: 'close' } })
    assert.match(await answer.text(), /^web-/)
  }
})

test('every Pod reaches the NodePort of every node, wherever it leads, also back to its own', async () => {
  const path = 'jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}'
  const addresses = (await kubectl('get', 'nodes', '-o', path)).split(' ')
  for (const from of await column('.metadata.name')) {
    for (const address of addresses) {
      const loop = `for i in 1 2 3 4 5 6 7 8 9 10 11 12; do wget -qO- http://${address}:30082 || exit 1; done`
      await kubectl('exec', from, '--', 'sh', '-c', loop)
    }
  }
})

test('logs and exec reach Pods of every node', async () => {
  for (const name of await column('.metadata.name')) {
    assert.equal(await kubectl('exec', name, '--', 'hostname'), `${name}\n`)
    await kubectl('logs', name)
  }
})

test('down removes the namespaces and the bridge', async () => {
  await cluster.kubets('down')
  assert.doesNotMatch((await finished('ip', ['netns', 'list'])).stdout, /kubets-e2e/)
  assert.notEqual((await finished('ip', ['link', 'show', 'kubets0'])).code, 0)
})
