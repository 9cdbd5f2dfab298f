import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type ClusterProcess, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'
import { until } from '../support/processes.ts'

let cluster: ClusterProcess
const kubectl = (...args: string[]) => cluster.kubectl(...args)
before(async () => {
  cluster = await startClusterProcess({ images: [busyboxImage('docker.io/library/busybox:1')] })
})
after(() => cluster?.close())

interface PodShape {
  readonly name: string
  /** Of the one container, beside its image and its name. */
  readonly container: string
  /** Of the spec. */
  readonly spec?: string
}

const pod = ({ name, container, spec = '' }: PodShape) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  terminationGracePeriodSeconds: 1
  ${spec}
  containers:
  - name: main
    image: busybox:1
    ${container}
`

const field = (name: string, path: string) => kubectl('get', 'pod', name, '-o', `jsonpath={${path}}`)
const restarts = async (name: string) => Number(await field(name, '.status.containerStatuses[0].restartCount'))
const ready = (name: string) => kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=30s')

describe('self-healing', () => {
  test('a killed container restarts', async () => {
    await cluster.apply(
      pod({ name: 'killed', container: `command: [sh, -c, 'trap "exit 3" TERM; sleep 3600 & wait']` }),
    )
    await ready('killed')
    await kubectl('exec', 'killed', '--', 'kill', '1')
    await until('it has restarted', async () => (await restarts('killed')) === 1)
    await ready('killed')
    assert.equal(await field('killed', '.status.containerStatuses[0].lastState.terminated.exitCode'), '3')
    assert.match(await kubectl('logs', 'killed', '--previous'), /^$/)
  })

  test('a failing liveness probe restarts the container and says so', async () => {
    const probe = 'livenessProbe: { exec: { command: [test, -e, /tmp/alive] }, periodSeconds: 1, failureThreshold: 1 }'
    const command = `command: [sh, -c, 'touch /tmp/alive; exec sleep 3600']`
    await cluster.apply(pod({ name: 'sick', container: `${command}\n    ${probe}` }))
    await ready('sick')
    await kubectl('exec', 'sick', '--', 'rm', '/tmp/alive')
    await until('it has restarted', async () => (await restarts('sick')) >= 1)
    const events = await kubectl('get', 'events', '--field-selector', 'involvedObject.name=sick')
    assert.match(events, /Warning +Unhealthy +pod\/sick +Liveness probe failed/)
    assert.match(events, /Normal +Killing +pod\/sick +Container main failed liveness probe, will be restarted/)
  })

  test('a deleted Pod of a Deployment is replaced', async () => {
    await kubectl('create', 'deployment', 'kept', '--image=busybox:1', '--', 'sleep', '3600')
    await kubectl('rollout', 'status', 'deployment/kept', '--timeout=30s')
    const first = await kubectl('get', 'pods', '-l', 'app=kept', '-o', 'name')
    await kubectl('delete', first.trim(), '--grace-period=1', '--wait=false')
    await until('another runs', async () => {
      const names = await kubectl(
        'get',
        'pods',
        '-l',
        'app=kept',
        '--field-selector=status.phase=Running',
        '-o',
        'name',
      )
      return names !== '' && !names.includes(first)
    })
    await kubectl('delete', 'deployment', 'kept')
  })
})

describe('restart policies', () => {
  const rows: readonly { policy: string; code: number; phase: string; restarts: boolean }[] = [
    { policy: 'Never', code: 0, phase: 'Succeeded', restarts: false },
    { policy: 'Never', code: 3, phase: 'Failed', restarts: false },
    { policy: 'OnFailure', code: 0, phase: 'Succeeded', restarts: false },
    { policy: 'OnFailure', code: 3, phase: 'Running', restarts: true },
    { policy: 'Always', code: 0, phase: 'Running', restarts: true },
  ]
  for (const { policy, code, phase, restarts: again } of rows) {
    test(`${policy} after exit code ${code}`, async () => {
      const name = `${policy.toLowerCase()}-${code}`
      const container = `command: [sh, -c, 'exit ${code}']`
      await cluster.apply(pod({ name, container, spec: `restartPolicy: ${policy}` }))
      if (again) await until('it restarts', async () => (await restarts(name)) > 0)
      await kubectl('wait', `--for=jsonpath={.status.phase}=${phase}`, `pod/${name}`, '--timeout=30s')
      if (!again) assert.equal(await restarts(name), 0)
      await kubectl('delete', 'pod', name)
    })
  }
})

test('init containers run one after the other, and what they leave is there', async () => {
  const init = (name: string, command: string) =>
    `{ name: ${name}, image: 'busybox:1', command: [sh, -c, '${command}'], volumeMounts: [{ name: data, mountPath: /data }] }`
  const spec = `volumes: [{ name: data, emptyDir: {} }]
  initContainers:
  - ${init('first', 'echo one > /data/list')}
  - ${init('second', 'echo two >> /data/list')}`
  const container = `command: [sh, -c, 'cat /data/list; exec sleep 3600']
    volumeMounts: [{ name: data, mountPath: /data }]`
  await cluster.apply(pod({ name: 'prepared', container, spec }))
  await ready('prepared')
  assert.equal(await kubectl('logs', 'prepared'), 'one\ntwo\n')
  assert.equal(
    await field('prepared', '.status.initContainerStatuses[*].state.terminated.reason'),
    'Completed Completed',
  )
})

test('an init container that fails holds the Pod back', async () => {
  const spec = `initContainers: [{ name: first, image: 'busybox:1', command: ['false'] }]`
  await cluster.apply(pod({ name: 'held-back', container: 'command: [sleep, "3600"]', spec }))
  await until('its init container has failed', async () =>
    /Init:(Error|CrashLoopBackOff)/.test(await kubectl('get', 'pod', 'held-back', '--no-headers')),
  )
  assert.equal(await field('held-back', '.status.phase'), 'Pending')
})

test('ConfigMaps and Secrets become environment and files, and files follow changes', async () => {
  await kubectl('create', 'configmap', 'settings', '--from-literal=color=blue')
  await kubectl('create', 'secret', 'generic', 'keys', '--from-literal=token=one')
  const spec = `volumes:
  - { name: settings, configMap: { name: settings } }
  - { name: keys, secret: { secretName: keys, defaultMode: 0400 } }
  - name: about
    downwardAPI: { items: [{ path: labels, fieldRef: { fieldPath: metadata.labels } }] }`
  const container = `command: [sleep, '3600']
    env:
    - { name: COLOR, valueFrom: { configMapKeyRef: { name: settings, key: color } } }
    - { name: TOKEN, valueFrom: { secretKeyRef: { name: keys, key: token } } }
    - { name: NODE, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
    volumeMounts:
    - { name: settings, mountPath: /settings }
    - { name: keys, mountPath: /keys }
    - { name: about, mountPath: /about }`
  await cluster.apply(pod({ name: 'configured', container, spec }))
  await ready('configured')
  const run = (command: string) => kubectl('exec', 'configured', '--', 'sh', '-c', command)
  assert.equal(await run('echo $COLOR $TOKEN $NODE; cat /settings/color /keys/token'), 'blue one e2e\nblueone')
  assert.equal(await run('stat -Lc %a /keys/token'), '400\n')
  await kubectl('create', 'configmap', 'settings', '--from-literal=color=red', '-o', 'json', '--dry-run=client').then(
    (replacement) => cluster.apply(replacement),
  )
  await kubectl('patch', 'secret', 'keys', '-p', '{"stringData":{"token":"two"}}')
  await kubectl('label', 'pod', 'configured', 'tier=front')
  await until(
    'the files have changed',
    async () => (await run('cat /settings/color /keys/token /about/labels')) === 'redtwotier="front"',
    { timeoutMs: 90_000 },
  )
  assert.equal(await run('echo $COLOR'), 'blue\n')
})

test('a static Pod comes from a folder and goes with its file', async () => {
  const folder = join(cluster.dataDir, 'manifests')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '.fixed.yaml'), pod({ name: 'fixed', container: `command: [sleep, '3600']` }))
  renameSync(join(folder, '.fixed.yaml'), join(folder, 'fixed.yaml'))
  const exists = async () => (await cluster.kubectlFinished(['get', 'pod', 'fixed-e2e'])).code === 0
  await until('its mirror is there', exists)
  await ready('fixed-e2e')
  assert.equal(await field('fixed-e2e', '.metadata.annotations.kubernetes\\.io/config\\.source'), 'file')
  rmSync(join(folder, 'fixed.yaml'))
  await until('it is gone', async () => !(await exists()))
})

test('an image that is nowhere is told as such', async () => {
  await cluster.apply(pod({ name: 'no-image', container: 'imagePullPolicy: Never' }).replace('busybox:1', 'missing:1'))
  await until('the status says why', async () =>
    /ErrImageNeverPull/.test(await kubectl('get', 'pod', 'no-image', '--no-headers')),
  )
})

test('a Pod that fits nowhere stays Pending, with the reason', async () => {
  await cluster.apply(pod({ name: 'huge', container: 'resources: { requests: { cpu: 1000 } }' }))
  await kubectl('wait', '--for=jsonpath={.status.conditions[0].reason}=Unschedulable', 'pod/huge', '--timeout=30s')
  assert.match(
    await kubectl('describe', 'pod', 'huge'),
    /FailedScheduling .* 0\/1 nodes are available: 1 Insufficient cpu\./,
  )
})

test('what drain evicts is gone', async () => {
  await cluster.apply(pod({ name: 'evicted', container: 'command: [sleep, "3600"]' }))
  await ready('evicted')
  await kubectl('label', 'pod', 'evicted', 'drain=me')
  const node = await field('evicted', '.spec.nodeName')
  try {
    // Waits until the Pod is deleted.
    await kubectl('drain', node, '--pod-selector=drain=me', '--force', '--timeout=30s')
  } finally {
    await kubectl('uncordon', node)
  }
  assert.equal(await kubectl('get', 'pod', 'evicted', '--ignore-not-found'), '')
})

test('a namespace goes with all it holds', async () => {
  await kubectl('create', 'namespace', 'demo')
  const brief = '{"spec":{"terminationGracePeriodSeconds":1}}'
  await kubectl('run', 'inside', '-n', 'demo', '--image=busybox:1', '--overrides', brief, '--', 'sleep', '3600')
  await kubectl('wait', '-n', 'demo', '--for=condition=Ready', 'pod/inside', '--timeout=30s')
  await kubectl('delete', 'namespace', 'demo', '--wait', '--timeout=60s')
  assert.equal(
    await kubectl('get', 'pods', '-A', '-o', 'jsonpath={.items[?(@.metadata.namespace=="demo")].metadata.name}'),
    '',
  )
})
