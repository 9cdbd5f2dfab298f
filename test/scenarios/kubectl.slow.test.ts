import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ClusterProcess, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage, nginxImage } from '../support/images.ts'
import { until } from '../support/processes.ts'

let cluster: ClusterProcess
before(async () => {
  const nginx = (version: number) => nginxImage(`docker.io/library/nginx:${version}`, `version ${version}\n`)
  cluster = await startClusterProcess({ images: [busyboxImage('docker.io/library/busybox:1'), nginx(1), nginx(2)] })
})
after(() => cluster?.close())

const kubectl = (...args: string[]) => cluster.kubectl(...args)
/** The lines without the header, as cells. */
const rows = (table: string) =>
  table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/ {2,}/).map((cell) => cell.trim()))

test('the node is Ready', async () => {
  const [[name, status, roles, , version] = []] = rows(await kubectl('get', 'nodes'))
  assert.equal(name, 'e2e')
  assert.equal(status, 'Ready')
  assert.ok(roles)
  assert.match(version!, /^v1\.36\.\d/)
})

test('run, wait and delete a Pod', async () => {
  assert.equal(
    await kubectl('run', 'one', '--image=busybox:1', '--restart=Never', '--', 'sleep', '3600'),
    'pod/one created\n',
  )
  assert.equal(await kubectl('wait', '--for=condition=Ready', 'pod/one', '--timeout=30s'), 'pod/one condition met\n')
  const [[name, ready, status, restarts, , ip, node] = []] = rows(await kubectl('get', 'pod', 'one', '-o', 'wide'))
  assert.deepEqual([name, ready, status, restarts, node], ['one', '1/1', 'Running', '0', 'e2e'])
  assert.match(ip!, /^10\.244\./)
  assert.equal(await kubectl('get', 'pod', 'one', '-o', 'jsonpath={.status.podIP} {.spec.nodeName}'), `${ip} e2e`)
  assert.match(await kubectl('get', 'pod', 'one', '-o', 'yaml'), /^apiVersion: v1\nkind: Pod\nmetadata:\n/)
  assert.match(await kubectl('delete', 'pod', 'one', '--wait', '--grace-period=1'), /^pod "one" deleted/)
  const { code, stderr } = await cluster.kubectlFinished(['get', 'pod', 'one'])
  assert.deepEqual([code, stderr], [1, 'Error from server (NotFound): pods "one" not found\n'])
})

describe('a Deployment', () => {
  const web = 'deployment/web'
  const images = () => kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].image}')

  test('is created, exposed and scaled', async () => {
    assert.equal(await kubectl('create', 'deployment', 'web', '--image=nginx:1'), 'deployment.apps/web created\n')
    assert.equal(await kubectl('expose', web, '--port=80', '--type=NodePort'), 'service/web exposed\n')
    assert.equal(await kubectl('scale', web, '--replicas=3'), 'deployment.apps/web scaled\n')
    assert.match(
      await kubectl('rollout', 'status', web, '--timeout=60s'),
      /deployment "web" successfully rolled out\n$/,
    )
    assert.equal(rows(await kubectl('get', 'pods', '-l', 'app=web')).length, 3)
    const [[, ready, upToDate, available] = []] = rows(await kubectl('get', web))
    assert.deepEqual([ready, upToDate, available], ['3/3', '3', '3'])
  })

  test('rolls to another image, back, and over again', async () => {
    assert.equal(await kubectl('set', 'image', web, 'nginx=nginx:2'), 'deployment.apps/web image updated\n')
    await kubectl('rollout', 'status', web, '--timeout=60s')
    await kubectl('wait', '--for=jsonpath={.status.replicas}=3', web)
    assert.match(await images(), /nginx:2/)
    assert.match(await kubectl('rollout', 'history', web), /REVISION {2}CHANGE-CAUSE\n1 .*\n2 /)
    assert.equal(await kubectl('rollout', 'undo', web), 'deployment.apps/web rolled back\n')
    await kubectl('rollout', 'status', web, '--timeout=60s')
    await kubectl('wait', '--for=jsonpath={.status.updatedReplicas}=3', web)
    assert.equal(await kubectl('get', web, '-o', 'jsonpath={.spec.template.spec.containers[0].image}'), 'nginx:1')
    assert.equal(await kubectl('rollout', 'restart', web), 'deployment.apps/web restarted\n')
    await kubectl('rollout', 'status', web, '--timeout=60s')
    assert.match(
      await kubectl('get', web, '-o', 'jsonpath={.spec.template.metadata.annotations}'),
      /kubectl.kubernetes.io\/restartedAt/,
    )
  })

  test('is described with its events', async () => {
    const described = await kubectl('describe', web)
    assert.match(described, /Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable\n/)
    assert.match(
      described,
      /Normal +ScalingReplicaSet .* deployment-controller +Scaled up replica set web-\w+ from 1 to 3\n/,
    )
    const pod = (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).split('\n')[0]!
    const ofPod = await kubectl('describe', pod)
    assert.match(ofPod, /Node: +e2e\//)
    const reasons = [...ofPod.matchAll(/^ +Normal +(\w+) .* (\S+) {2,}.*$/gm)].map(([, reason]) => reason)
    assert.deepEqual(reasons, ['Scheduled', 'Pulled', 'Created', 'Started'])
    assert.match(
      await kubectl('get', 'events', '--field-selector', 'reason=Scheduled'),
      /Successfully assigned default\/web-/,
    )
  })

  test('is patched, and edited by an editor', async () => {
    assert.equal(
      await kubectl('patch', web, '-p', '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":1}}}}'),
      'deployment.apps/web patched\n',
    )
    await kubectl('rollout', 'status', web, '--timeout=60s')
    const editor = cluster.writeFile('editor.sh', '#!/bin/sh\nsed -i "s/replicas: 3/replicas: 2/" "$1"\n')
    const { stdout, stderr } = await cluster.kubectlFinished(['edit', web], { env: { EDITOR: `sh ${editor}` } })
    assert.equal(stdout, 'deployment.apps/web edited\n', stderr)
    await kubectl('wait', '--for=jsonpath={.status.readyReplicas}=2', web, '--timeout=30s')
  })

  test('is deleted with all it owned', async () => {
    await kubectl('delete', web, '--cascade=foreground', '--wait')
    assert.equal(await kubectl('get', 'pods,replicasets', '-l', 'app=web', '-o', 'name'), '')
  })
})

const application = (greeting: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { greeting: ${greeting} }
---
apiVersion: v1
kind: Secret
metadata: { name: keys }
data: { token: czNjcmV0 }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: app }
spec:
  replicas: 2
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox:1
        command: [sh, -c, 'echo $GREETING $TOKEN; exec sleep 3600']
        env:
        - { name: GREETING, valueFrom: { configMapKeyRef: { name: settings, key: greeting } } }
        - { name: TOKEN, valueFrom: { secretKeyRef: { name: keys, key: token } } }
---
apiVersion: v1
kind: Service
metadata: { name: app }
spec: { selector: { app: app }, ports: [{ port: 80 }] }
`

test('apply says what is created, unchanged and configured', async () => {
  const said = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1))
  assert.deepEqual(said(await cluster.apply(application('hello'))), ['created', 'created', 'created', 'created'])
  await kubectl('rollout', 'status', 'deployment/app', '--timeout=30s')
  assert.equal(await kubectl('logs', 'deployment/app'), 'hello s3cret\n')
  assert.deepEqual(said(await cluster.apply(application('hello'))), [
    'unchanged',
    'unchanged',
    'unchanged',
    'unchanged',
  ])
  assert.deepEqual(said(await cluster.apply(application('bye'))), ['configured', 'unchanged', 'unchanged', 'unchanged'])
  const diff = await cluster.kubectlFinished(['diff', '-f', '-'], { input: application('again') })
  assert.equal(diff.code, 1, diff.stderr)
  assert.match(diff.stdout, /- {2}greeting: bye\n\+ {2}greeting: again/)
  const serverSide = ['apply', '--server-side', '--force-conflicts', '-f', '-']
  const applied = await cluster.kubectlFinished(serverSide, { input: application('mine') })
  assert.match(applied.stdout, /^configmap\/settings serverside-applied\n/, applied.stderr)
  assert.equal(await kubectl('get', 'cm', 'settings', '-o', 'jsonpath={.data.greeting}'), 'mine')
})

test('a mistake in a manifest is said as kubectl says it', async () => {
  const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Wrong_Name}\ndata: {a: b}\nmore: true\n'
  const { code, stderr } = await cluster.kubectlFinished(['apply', '-f', '-'], { input: manifest })
  assert.equal(code, 1)
  assert.match(stderr, /strict decoding error: unknown field "more"/)
})

test('top says what nodes, Pods and containers use', async () => {
  await kubectl('run', 'busy', '--image=busybox:1', '--restart=Never', '--', 'sleep', '3600')
  await kubectl('wait', '--for=condition=Ready', 'pod/busy', '--timeout=30s')
  const [[node, cpu, , memory, share] = []] = rows(await kubectl('top', 'nodes'))
  assert.equal(node, 'e2e')
  assert.match(`${cpu} ${memory} ${share}`, /^\d+m \d+Mi \d+%$/)
  const used = await until('the Pod is measured', async () => {
    const { code, stdout } = await cluster.kubectlFinished(['top', 'pod', 'busy', '--containers'])
    return code === 0 && rows(stdout)
  })
  assert.deepEqual(used[0]!.slice(0, 2), ['busy', 'busy'])
  assert.match(used[0]!.slice(2).join(' '), /^\d+m \d+Mi$/)
  await kubectl('delete', 'pod', 'busy', '--now')
})

test('explain, api-resources, api-versions and version', async () => {
  const explained = await kubectl('explain', 'pod.spec.containers.livenessProbe')
  assert.match(explained, /KIND: +Pod\nVERSION: +v1\n\nFIELD: livenessProbe <Probe>/)
  assert.match(explained, /periodSeconds\t<integer>/)
  const resources = rows(await kubectl('api-resources', '-o', 'wide'))
  assert.ok(
    resources.some(([name, short, version]) => name === 'deployments' && short === 'deploy' && version === 'apps/v1'),
  )
  assert.match(await kubectl('api-versions'), /^admissionregistration\.k8s\.io\/v1\n[\s\S]*\nv1\n$/)
  assert.match(await kubectl('version'), /Server Version: v1\.36\.\d/)
})

test('the independent client creates, watches and deletes', async () => {
  const api = cluster.coreApi()
  await api.createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'mine' }, data: { a: '1' } } })
  const { items } = await api.listNamespacedConfigMap({ namespace: 'default', fieldSelector: 'metadata.name=mine' })
  assert.deepEqual(
    items.map(({ data }) => data),
    [{ a: '1' }],
  )
  await api.deleteNamespacedConfigMap({ namespace: 'default', name: 'mine' })
  await assert.rejects(api.readNamespacedConfigMap({ namespace: 'default', name: 'mine' }), /404/)
})
