import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { Exec } from '@kubernetes/client-node'
import { type ClusterProcess, freePort, startClusterProcess } from '../support/cluster-process.ts'
import { busyboxImage } from '../support/images.ts'

let cluster: ClusterProcess
const kubectl = (...args: string[]) => cluster.kubectl(...args)

/** Says a line whenever /tmp/next grows, and serves a page on localhost alone. */
const script = `
  mkdir -p /www; echo greeting > /www/index.html; httpd -p 127.0.0.1:8080 -h /www
  echo first; touch /tmp/next; exec tail -f /tmp/next
`

before(async () => {
  cluster = await startClusterProcess({ images: [busyboxImage('docker.io/library/busybox:1')] })
  await kubectl('run', 'app', '--image=busybox:1', '--env=COLOR=blue', '--', 'sh', '-c', script)
  await kubectl('wait', '--for=condition=Ready', 'pod/app', '--timeout=30s')
})
after(() => cluster?.close())

test('logs follow what a container says', async () => {
  const following = cluster.kubectlInBackground('logs', '-f', 'app')
  await following.untilPrinted(/^first\n/)
  await kubectl('exec', 'app', '--', 'sh', '-c', 'echo second >> /tmp/next')
  await following.untilPrinted(/^first\nsecond\n$/)
  assert.equal(await kubectl('logs', 'app', '--tail=1'), 'second\n')
  assert.match(await kubectl('logs', 'app', '--timestamps', '--tail=1'), /^\d{4}-\d\d-\d\dT\S+Z second\n$/)
  assert.equal(await kubectl('logs', 'app', '--since=1h', '--limit-bytes=5'), 'first')
})

test('exec passes output, input and the exit code on', async () => {
  assert.equal(await kubectl('exec', 'app', '--', 'sh', '-c', 'echo $COLOR'), 'blue\n')
  const counted = await cluster.kubectlFinished(['exec', '-i', 'app', '--', 'wc', '-c'], { input: 'x'.repeat(300_000) })
  assert.equal(counted.stdout, '300000\n', counted.stderr)
  const failed = await cluster.kubectlFinished(['exec', 'app', '--', 'sh', '-c', 'echo wrong >&2; exit 7'])
  assert.deepEqual([failed.code, failed.stderr], [7, 'wrong\ncommand terminated with exit code 7\n'])
})

for (const [protocol, value] of [
  ['WebSocket', 'true'],
  ['SPDY', 'false'],
] as const) {
  test(`exec -it over ${protocol} is a terminal`, async () => {
    const command = 'kubectl exec -it app -- sh'
    const shell = cluster.inBackground('env', [
      `KUBECTL_REMOTE_COMMAND_WEBSOCKETS=${value}`,
      'script',
      '-qefc',
      command,
      '/dev/null',
    ])
    await shell.untilPrinted(/# /)
    shell.type('tty; echo $((6*7))\r')
    await shell.untilPrinted(/\/dev\/pts\/\d+\r\n42\r\n/)
    shell.type('exit 3\r')
    assert.equal(await shell.exited, 3, shell.printed)
  })
}

test('attach sees what a container goes on to say', async () => {
  const attached = cluster.kubectlInBackground('attach', 'app')
  await attached.untilPrinted(/press enter|command prompt|logs/i)
  await kubectl('exec', 'app', '--', 'sh', '-c', 'echo third >> /tmp/next')
  await attached.untilPrinted(/third\n/)
})

test('run -it --rm gives the output and the exit code of a Pod of one command', async () => {
  const args = ['run', 'brief', '--rm', '-i', '--restart=Never', '--image=busybox:1', '--', 'sh', '-c', 'cat; exit 4']
  const { code, stdout, stderr } = await cluster.kubectlFinished(args, { input: 'through\n' })
  assert.match(stdout, /through\n/, stderr)
  assert.equal(code, 4, stderr)
})

test('cp copies files both ways', async () => {
  const bytes = 'z'.repeat(1 << 20)
  const source = cluster.writeFile('copied/big', bytes)
  await kubectl('cp', source, 'app:/tmp/big')
  assert.equal(await kubectl('exec', 'app', '--', 'sh', '-c', 'wc -c < /tmp/big'), `${1 << 20}\n`)
  const target = join(cluster.directory, 'copied/back')
  await kubectl('cp', 'app:/tmp/big', target)
  assert.equal(readFileSync(target, 'utf8'), bytes)
})

test('port-forward reaches what listens on localhost of the Pod', async () => {
  const port = await freePort()
  const forwarding = cluster.kubectlInBackground('port-forward', 'app', `${port}:8080`)
  await forwarding.untilPrinted(/Forwarding from 127\.0\.0\.1/)
  const answers = await Promise.all(
    Array.from({ length: 5 }, async () => (await fetch(`http://127.0.0.1:${port}/index.html`)).text()),
  )
  assert.deepEqual(new Set(answers), new Set(['greeting\n']))
})

test('get -w tells every change of a Pod', async () => {
  const watching = cluster.kubectlInBackground('get', 'pods', '-w', '--no-headers')
  await watching.untilPrinted(/^app /)
  await kubectl('run', 'seen', '--image=busybox:1', '--restart=Never', '--', 'true')
  await watching.untilPrinted(/^seen .*Pending[\s\S]*^seen .*ContainerCreating[\s\S]*^seen .*Completed/m)
  await kubectl('delete', 'pod', 'seen')
})

test('the independent client runs a command', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const said = text(stdout)
  const outcome = await new Promise((resolve, reject) => {
    new Exec(cluster.config())
      .exec('default', 'app', 'app', ['sh', '-c', 'echo hello; exit 2'], stdout, stderr, null, false, resolve)
      .catch(reject)
  })
  stdout.end()
  assert.equal(await said, 'hello\n')
  assert.match(JSON.stringify(outcome), /"reason":"NonZeroExitCode"/)
})
