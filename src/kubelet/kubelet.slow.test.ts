import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startTestNode, type TestNode, testImage } from '../../test/support/node.ts'
import type { ContainerStatus, Event, Node, Pod, PodSpec } from '../api/types/core/v1.ts'
import { configMaps, nodes, pods, secrets } from '../api/types/resources.ts'
import { systemClock } from '../platform/clock.ts'

let node: TestNode

before(async () => {
  node = await startTestNode()
})
after(() => node?.close())

/** What the API's defaults would have filled in. */
function pod(name: string, spec: Partial<PodSpec>): Pod {
  const { containers = [], initContainers = [], ...rest } = spec
  const complete = (container: PodSpec['containers'][number]) => ({
    image: testImage,
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...container,
  })
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: name }, generation: 1 },
    spec: {
      nodeName: 'node-1',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 1,
      containers: containers.map(complete),
      initContainers: initContainers.map(complete),
      ...rest,
    },
  }
}

const create = (name: string, spec: Partial<PodSpec>) => node.client.of(pods).create(pod(name, spec))
const sleeper = { name: 'c', command: ['sleep', '1000'] }
const isRunning = (one: Pod | undefined) => one?.status?.phase === 'Running'
const hasEnded = (one: Pod | undefined) => one?.status?.phase === 'Succeeded' || one?.status?.phase === 'Failed'
const isGone = (one: Pod | undefined) => one === undefined
const first = (one: Pod | undefined): ContainerStatus | undefined => one?.status?.containerStatuses?.[0]

async function remove(name: string): Promise<void> {
  await node.client.of(pods).delete(name, { namespace: 'default', gracePeriodSeconds: 1 })
  await node.until(name, isGone, 60_000)
}

async function execute(name: string, command: string[]): Promise<string> {
  const containerId = first(await node.until(name, isRunning))?.containerID?.replace('containerd://', '') ?? ''
  const { stdout, stderr } = await node.cri.runtime.execSync({ containerId, cmd: command, timeout: 10 })
  return Buffer.concat([stdout, stderr]).toString('utf8')
}

const eventsOf = (name: string) =>
  node.api.below<Event>('/api/v1/events').filter(({ involvedObject }) => involvedObject?.name === name)

test('the node registers itself and becomes Ready', async () => {
  const registered = (await node.client.of(nodes).get('node-1')) as Node
  assert.equal(registered.status?.nodeInfo?.kubeletVersion, 'v1.36.2')
  assert.match(registered.status?.nodeInfo?.containerRuntimeVersion ?? '', /^containerd:\/\/\d/)
  assert.equal(registered.metadata?.labels?.['kubernetes.io/os'], 'linux')
})

test('a pod runs, and is gone after its deletion', async () => {
  await create('web', { containers: [sleeper] })
  const running = await node.until('web', isRunning)
  assert.match(running?.status?.podIP ?? '', /^10\.211\./)
  assert.equal(first(running)?.ready, true)
  const conditions = Object.fromEntries(running?.status?.conditions?.map(({ type, status }) => [type, status]) ?? [])
  assert.deepEqual(conditions, {
    PodReadyToStartContainers: 'True',
    Initialized: 'True',
    Ready: 'True',
    ContainersReady: 'True',
    PodScheduled: 'True',
  })
  await remove('web')
  const reasons = eventsOf('web').map(({ reason }) => reason)
  for (const reason of ['Pulled', 'Created', 'Started', 'Killing']) assert.ok(reasons.includes(reason), reason)
})

test('a job-like pod succeeds, and its last words are kept', async () => {
  await create('job', {
    restartPolicy: 'Never',
    containers: [{ name: 'c', command: ['sh', '-c', 'echo -n done > /dev/termination-log'] }],
  })
  const ended = await node.until('job', hasEnded)
  assert.equal(ended?.status?.phase, 'Succeeded')
  const { terminated } = first(ended)?.state ?? {}
  assert.deepEqual([terminated?.exitCode, terminated?.reason, terminated?.message], [0, 'Completed', 'done'])
  await remove('job')
})

test('a failed pod falls back to its log for its last words', async () => {
  await create('fail', {
    restartPolicy: 'Never',
    containers: [
      { name: 'c', command: ['sh', '-c', 'echo boom; exit 3'], terminationMessagePolicy: 'FallbackToLogsOnError' },
    ],
  })
  const ended = await node.until('fail', hasEnded)
  assert.equal(ended?.status?.phase, 'Failed')
  const { terminated } = first(ended)?.state ?? {}
  assert.deepEqual([terminated?.exitCode, terminated?.reason, terminated?.message], [3, 'Error', 'boom\n'])
  await remove('fail')
})

test('a crashing container is restarted at once, then backs off', async () => {
  await create('crash', { containers: [{ name: 'c', command: ['sh', '-c', 'exit 1'] }] })
  const waiting = await node.until('crash', (one) => first(one)?.state?.waiting?.reason === 'CrashLoopBackOff')
  assert.equal(first(waiting)?.restartCount, 1)
  assert.equal(first(waiting)?.lastState?.terminated?.exitCode, 1)
  assert.match(
    first(waiting)?.state?.waiting?.message ?? '',
    /^back-off 10s restarting failed container=c pod=crash_default\(/,
  )
  assert.equal(waiting?.status?.phase, 'Running')
  await remove('crash')
})

test('init containers run one after the other, and a sidecar beside the rest', async () => {
  await create('init', {
    volumes: [{ name: 'shared', emptyDir: {} }],
    initContainers: [
      { name: 'a', command: ['sh', '-c', 'echo a >> /d/log'], volumeMounts: [{ name: 'shared', mountPath: '/d' }] },
      { name: 'side', command: ['sleep', '1000'], restartPolicy: 'Always' },
      { name: 'b', command: ['sh', '-c', 'echo b >> /d/log'], volumeMounts: [{ name: 'shared', mountPath: '/d' }] },
    ],
    containers: [{ ...sleeper, volumeMounts: [{ name: 'shared', mountPath: '/d' }] }],
  })
  const running = await node.until('init', isRunning)
  assert.deepEqual(
    running?.status?.initContainerStatuses?.map(({ name, ready, started }) => ({ name, ready, started })),
    [
      { name: 'a', ready: true, started: false },
      { name: 'side', ready: true, started: true },
      { name: 'b', ready: true, started: false },
    ],
  )
  assert.equal(await execute('init', ['cat', '/d/log']), 'a\nb\n')
  await remove('init')
})

test('environment and volumes show their sources, and follow them', async () => {
  const metadata = { name: 'source', namespace: 'default' }
  await node.client.of(configMaps).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { key: 'one' } })
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    data: { pass: Buffer.from('hidden').toString('base64') },
  }
  await node.client.of(secrets).create(secret)
  const mount = (name: string) => ({ name, mountPath: `/v/${name}` })
  await create('env', {
    serviceAccountName: 'default',
    volumes: [
      { name: 'config', configMap: { name: 'source' } },
      { name: 'secret', secret: { secretName: 'source', defaultMode: 0o400 } },
      { name: 'down', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    ],
    containers: [
      {
        ...sleeper,
        env: [
          { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'source', key: 'key' } } },
          { name: 'BOTH', value: '$(KEY)-$(MISSING)-$$(KEY)' },
          { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
        ],
        envFrom: [{ prefix: 'S_', secretRef: { name: 'source' } }],
        resources: { limits: { memory: '64Mi', cpu: '500m' }, requests: { memory: '32Mi', cpu: '100m' } },
        volumeMounts: ['config', 'secret', 'down', 'memory', 'token'].map(mount),
      },
    ],
  })
  const shown = await execute('env', [
    'sh',
    '-c',
    'echo $KEY $BOTH $NAME $LIMIT $S_pass; cat /v/secret/pass /v/token/token',
  ])
  assert.equal(shown, 'one one-$(MISSING)-$(KEY) env 64 hidden\nhiddena-token')
  assert.equal(await execute('env', ['cat', '/v/down/labels']), 'app="env"')
  assert.match(await execute('env', ['sh', '-c', 'mount | grep /v/memory']), /tmpfs/)
  await node.client.of(configMaps).patch('source', { data: { key: 'two' } }, { type: 'merge', namespace: 'default' })
  const waitForTwo = ['sh', '-c', 'until grep -q two /v/config/key; do sleep 0.05; done; cat /v/config/key']
  assert.equal(await execute('env', waitForTwo), 'two')
  await remove('env')
})

test('a missing ConfigMap keeps the container waiting until it is there', async () => {
  await create('late', {
    containers: [{ ...sleeper, env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'late', key: 'a' } } }] }],
  })
  const waiting = await node.until('late', (one) => first(one)?.state?.waiting?.reason === 'CreateContainerConfigError')
  assert.equal(first(waiting)?.state?.waiting?.message, 'configmap "late" not found')
  const metadata = { name: 'late', namespace: 'default' }
  await node.client.of(configMaps).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } })
  await node.until('late', isRunning)
  await remove('late')
})

test('an image that is not there is told in the status', async () => {
  await create('never', { containers: [{ ...sleeper, image: 'example.invalid/none:1', imagePullPolicy: 'Never' }] })
  const waiting = await node.until('never', (one) => first(one)?.state?.waiting?.reason === 'ErrImageNeverPull')
  assert.equal(
    first(waiting)?.state?.waiting?.message,
    'Container image "example.invalid/none:1" is not present with pull policy of Never',
  )
  assert.equal(waiting?.status?.phase, 'Pending')
  await remove('never')
})

test('readiness follows its probe, and a failing liveness probe restarts the container', async () => {
  const probe = { periodSeconds: 1, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 1 }
  await create('probed', {
    containers: [
      {
        name: 'c',
        command: ['sh', '-c', 'touch /alive; sleep 1000'],
        readinessProbe: { ...probe, exec: { command: ['test', '-e', '/ready'] } },
        livenessProbe: { ...probe, exec: { command: ['test', '-e', '/alive'] } },
      },
    ],
  })
  const running = await node.until('probed', isRunning)
  assert.equal(first(running)?.ready, false)
  await execute('probed', ['touch', '/ready'])
  await node.until('probed', (one) => first(one)?.ready === true)
  await execute('probed', ['rm', '/alive'])
  const restarted = await node.until('probed', (one) => first(one)?.restartCount === 1)
  assert.equal(first(restarted)?.lastState?.terminated?.exitCode, 137)
  assert.ok(
    eventsOf('probed').some(({ message }) => message === 'Container c failed liveness probe, will be restarted'),
  )
  await remove('probed')
})

test('an HTTP probe reaches the pod, and hooks run around it', async () => {
  const calls: string[] = []
  const server = createServer((request, response) => {
    calls.push(request.url ?? '')
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as AddressInfo
  const call = (path: string) => ({ httpGet: { host: '127.0.0.1', port, path } })
  try {
    await create('hooked', {
      containers: [
        {
          name: 'c',
          command: ['sh', '-c', 'mkdir -p /w; echo ok > /w/index.html; exec httpd -f -p 8080 -h /w'],
          ports: [{ name: 'http', containerPort: 8080 }],
          startupProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1, failureThreshold: 10 },
          lifecycle: { postStart: call('/post'), preStop: call('/pre') },
        },
      ],
    })
    await node.until('hooked', (one) => first(one)?.ready === true)
    await remove('hooked')
    assert.deepEqual(calls, ['/post', '/pre'])
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
})

test('a pod past its deadline fails', async () => {
  await create('slow', { activeDeadlineSeconds: 1, containers: [sleeper] })
  const ended = await node.until(
    'slow',
    (one) => one?.status?.reason === 'DeadlineExceeded' && !first(one)?.state?.running,
  )
  assert.equal(ended?.status?.phase, 'Failed')
  await remove('slow')
})

test('a pod that asks for more than the node has is refused', async () => {
  await create('huge', { containers: [{ ...sleeper, resources: { requests: { cpu: '1000' } } }] })
  const refused = await node.until('huge', hasEnded)
  assert.equal(refused?.status?.reason, 'OutOfcpu')
  assert.match(
    refused?.status?.message ?? '',
    /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000/,
  )
  await remove('huge')
})

test('a static pod runs with a mirror that comes back, until its manifest goes', async () => {
  mkdirSync(node.manifests, { recursive: true })
  const { metadata: _, ...rest } = pod('fixed', { containers: [sleeper] })
  const manifest = join(node.manifests, 'fixed.json')
  writeFileSync(manifest, JSON.stringify({ ...rest, metadata: { name: 'fixed' } }))
  const mirror = await node.until('fixed-node-1', isRunning)
  assert.ok(mirror?.metadata?.annotations?.['kubernetes.io/config.mirror'])
  await node.client.of(pods).delete('fixed-node-1', { namespace: 'default', gracePeriodSeconds: 0 })
  const again = await node.until(
    'fixed-node-1',
    (one) => isRunning(one) && one?.metadata?.uid !== mirror?.metadata?.uid,
  )
  assert.equal(first(again)?.containerID, first(mirror)?.containerID)
  rmSync(manifest)
  await node.until('fixed-node-1', isGone)
})

test('a new kubelet adopts what runs, and ends what nobody wants any more', async () => {
  await create('kept', { containers: [sleeper] })
  await create('dropped', { containers: [sleeper] })
  const kept = await node.until('kept', isRunning)
  await node.until('dropped', isRunning)
  await node.stopKubelet()
  await node.client.of(pods).delete('dropped', { namespace: 'default', gracePeriodSeconds: 0 })
  await node.startKubelet()
  await node.untilSandboxes(1)
  const now = await node.until('kept', isRunning)
  assert.deepEqual(
    [first(now)?.containerID, first(now)?.restartCount, first(now)?.ready],
    [first(kept)?.containerID, 0, true],
  )
  await remove('kept')
})

test('a kubelet ends at once in the midst of a long termination, and the next one goes on with it', async () => {
  const lifecycle = { preStop: { exec: { command: ['sleep', '500'] } } }
  await create('lingering', { terminationGracePeriodSeconds: 600, containers: [{ ...sleeper, lifecycle }] })
  await node.until('lingering', isRunning)
  await node.client.of(pods).delete('lingering', { namespace: 'default' })
  await node.until('lingering', (one) => one?.metadata?.deletionTimestamp !== undefined)
  await node.stopKubelet()
  await node.startKubelet()
  await node.client.of(pods).delete('lingering', { namespace: 'default', gracePeriodSeconds: 1 })
  await node.until('lingering', isGone)
})

test('a dead pause process means a new sandbox and new containers', async () => {
  await create('paused', { containers: [sleeper] })
  const before = await node.until('paused', isRunning)
  const { items } = await node.cri.runtime.listPodSandbox({})
  await node.cri.runtime.stopPodSandbox({ podSandboxId: items[0]!.id })
  const after = await node.until('paused', (one) => isRunning(one) && first(one)?.restartCount === 1)
  assert.notEqual(first(after)?.containerID, first(before)?.containerID)
  await remove('paused')
  await node.untilSandboxes(0)
})

test('security, resources and host settings reach the container', async () => {
  const hostDirectory = join(node.directory, 'host')
  await create('strict', {
    hostname: 'named',
    subdomain: 'sub',
    hostAliases: [{ ip: '192.0.2.9', hostnames: ['alias'] }],
    securityContext: {
      fsGroup: 2000,
      supplementalGroups: [3000],
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '7' }],
    },
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'host', hostPath: { path: hostDirectory, type: 'DirectoryOrCreate' } },
    ],
    containers: [
      {
        ...sleeper,
        securityContext: {
          runAsUser: 1000,
          runAsGroup: 1001,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        resources: { limits: { cpu: '500m', memory: '64Mi' }, requests: { cpu: '250m', memory: '64Mi' } },
        volumeMounts: [
          { name: 'data', mountPath: '/data', subPath: 'inner' },
          { name: 'data', mountPath: '/whole' },
          { name: 'host', mountPath: '/host', readOnly: true },
        ],
      },
    ],
  })
  const shows = async (script: string) => (await execute('strict', ['sh', '-c', script])).trim()
  assert.equal(await shows('id -u; id -g; id -G'), '1000\n1001\n1001 2000 3000')
  assert.match(await shows('touch /x 2>&1'), /Read-only file system/)
  assert.match(await shows('touch /host/x 2>&1'), /Read-only file system/)
  assert.equal(await shows('touch /whole/f && stat -c %g /whole/f'), '2000')
  assert.equal(await shows('ls -d /whole/inner'), '/whole/inner')
  assert.equal(
    await shows('grep -E "CapEff|NoNewPrivs" /proc/self/status | tr -d "\\t"'),
    'CapEff:0000000000000000\nNoNewPrivs:1',
  )
  assert.equal(await shows('cat /proc/sys/net/ipv4/ip_unprivileged_port_start'), '7')
  assert.equal(await shows('hostname'), 'named')
  const hosts = await shows('cat /etc/hosts')
  assert.match(hosts, /^10\.211\.\d+\.\d+\tnamed\.sub\.default\.svc\.cluster\.local\tnamed$/m)
  assert.match(hosts, /^192\.0\.2\.9\talias$/m)
  assert.match(
    await shows('cat /etc/resolv.conf'),
    /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m,
  )
  const uid = (await node.until('strict', isRunning))?.metadata?.uid ?? ''
  assert.deepEqual(podCgroupLimits(uid), { cpu: '0.5', memory: String(64 << 20) })
  await remove('strict')
  assert.deepEqual(podCgroupLimits(uid), undefined)
})

/** The Pod's own group, on cgroup v1 or v2. */
function podCgroupLimits(uid: string): { cpu: string; memory: string } | undefined {
  const parent = `kubets-test-${node.directory.slice(-6).toLowerCase()}/kubepods/burstable/pod${uid}`
  const read = (path: string) => readFileSync(join('/sys/fs/cgroup', path), 'utf8').trim()
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) {
    if (!existsSync(join('/sys/fs/cgroup', parent))) return undefined
    const [quota, period] = read(`${parent}/cpu.max`).split(' ').map(Number)
    return { cpu: String(quota! / period!), memory: read(`${parent}/memory.max`) }
  }
  if (!existsSync(join('/sys/fs/cgroup/cpu', parent))) return undefined
  const quota = Number(read(`cpu/${parent}/cpu.cfs_quota_us`)) / Number(read(`cpu/${parent}/cpu.cfs_period_us`))
  return { cpu: String(quota), memory: read(`memory/${parent}/memory.limit_in_bytes`) }
}

test('a pod in the network of the node has its address and name', async () => {
  await create('host-net', { hostNetwork: true, hostPID: true, containers: [sleeper] })
  const running = await node.until('host-net', isRunning)
  assert.equal(running?.status?.podIP, '192.0.2.1')
  assert.equal((await execute('host-net', ['hostname'])).trim(), hostname())
  assert.equal(await execute('host-net', ['cat', '/proc/1/comm']), readFileSync('/proc/1/comm', 'utf8'))
  await remove('host-net')
})

test('a host port leads to the pod', async () => {
  const command = ['sh', '-c', 'mkdir -p /w; echo here > /w/index.html; exec httpd -f -p 8080 -h /w']
  await create('ported', { containers: [{ name: 'c', command, ports: [{ containerPort: 8080, hostPort: 38_080 }] }] })
  const running = await node.until('ported', (one) => first(one)?.ready === true)
  const gateway = (running?.status?.podIP ?? '').replace(/\d+$/, '1')
  const answer = await untilAnswers(`http://${gateway}:38080/`)
  assert.equal(answer, 'here\n')
  await remove('ported')
})

/** A program that has just been started needs a moment to listen. */
async function untilAnswers(url: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await (await fetch(url, { signal: AbortSignal.timeout(1_000) })).text()
    } catch (error) {
      if (attempt === 50) throw error
      await systemClock.sleep(50)
    }
  }
}

test('a force-deleted pod is killed although its object is gone', async () => {
  await create('forced', { terminationGracePeriodSeconds: 600, containers: [sleeper] })
  await node.until('forced', isRunning)
  await node.client.of(pods).delete('forced', { namespace: 'default', gracePeriodSeconds: 500 })
  await node.until('forced', (one) => one?.metadata?.deletionTimestamp !== undefined)
  await node.client.of(pods).delete('forced', { namespace: 'default', gracePeriodSeconds: 0 })
  await node.untilSandboxes(0)
})

test('containerd may be killed: it comes back, and no pod notices', async () => {
  await create('steady', { containers: [sleeper] })
  const before = await node.until('steady', isRunning)
  process.kill(Number(readFileSync(join(node.directory, 'run', 'containerd.pid'), 'utf8')), 'SIGKILL')
  await create('later', { containers: [sleeper] })
  await node.until('later', isRunning)
  const after = await node.until('steady', isRunning)
  assert.deepEqual([first(after)?.containerID, first(after)?.restartCount], [first(before)?.containerID, 0])
  const steadyEvents = eventsOf('steady').map(({ reason }) => reason)
  assert.ok(!steadyEvents.includes('Killing'))
  await Promise.all([remove('steady'), remove('later')])
})

test('fifty pods at once all run and all go', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `many-${index}`)
  await Promise.all(names.map((name) => create(name, { containers: [sleeper] })))
  await Promise.all(names.map((name) => node.until(name, isRunning, 60_000)))
  await Promise.all(names.map(remove))
  await node.untilSandboxes(0, 60_000)
})
