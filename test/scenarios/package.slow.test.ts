import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort } from '../support/cluster-process.ts'
import { BackgroundProgram, output } from '../support/processes.ts'

let directory: string
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubets-package-'))
  const project = join(import.meta.dirname, '../..')
  const packed = await output('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', directory], {
    cwd: project,
  })
  writeFileSync(join(directory, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }\n')
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(directory, packed.trim())]
  await output('npm', install, { cwd: directory, timeoutMs: 240_000 })
})
after(() => rmSync(directory, { recursive: true, force: true }))

test('npx kubets up --nodes 0 runs from an empty folder', async () => {
  const dataDir = join(directory, 'data')
  const args = ['kubets', 'up', '--nodes', '0', '--data-dir', dataDir, '--port', String(await freePort())]
  const running = new BackgroundProgram('npx', args, { cwd: directory })
  try {
    await running.untilPrinted(/Ctrl-C ends kubets/)
    const env = { KUBECONFIG: join(dataDir, 'admin.kubeconfig') }
    assert.match(await output('kubectl', ['get', 'namespaces'], { env }), /^kube-system +Active/m)
    await output('npx', ['kubets', 'down', '--data-dir', dataDir, '--purge'], { cwd: directory })
    await running.exited
  } finally {
    await running.stop('SIGKILL')
  }
})

test('a program embeds a cluster', async () => {
  const program = `
    import { Cluster, resources } from 'kubets'
    const cluster = await Cluster.start({ nodes: 0 })
    await cluster.client.of(resources.namespaces).create({ metadata: { name: 'demo' } })
    const { metadata } = await cluster.client.of(resources.namespaces).get('demo')
    console.log(metadata.name)
    await cluster.stop()
  `
  writeFileSync(join(directory, 'embed.js'), program)
  const node = join(directory, 'node_modules/.bin/node')
  assert.equal(await output(node, ['embed.js'], { cwd: directory }), 'demo\n')
})
