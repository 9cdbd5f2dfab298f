import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createClient } from '../../src/client/typed-client.ts'
import type { Component } from '../../src/cluster/options.ts'
import { etcdSkipReason, startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { startKubeApiserver, upstreamSkipReason } from './kube-apiserver.ts'
import { kubetsTransport, startKubets } from './kubets.ts'
import { runOurLoops } from './our-loops.ts'
import { startProgram } from './upstream-program.ts'
import { workingSteps } from './working-cluster.ts'

const swaps: readonly { readonly program: string; readonly components: readonly Component[] }[] = [
  { program: 'kube-scheduler', components: ['apiserver', 'controllers'] },
  { program: 'kube-controller-manager', components: ['apiserver', 'scheduler'] },
]

for (const { program, components } of swaps) {
  const skip = upstreamSkipReason(program) ?? false
  test(`a real ${program} takes the place of ours`, { skip }, async () => {
    await using cleanup = new AsyncDisposableStack()
    const directory = mkdtempSync(join(tmpdir(), 'kubets-interchange-'))
    cleanup.defer(() => rmSync(directory, { recursive: true }))
    const pki = join(directory, 'pki')
    const controlPlane = await startKubets({
      pki,
      components,
      simulateNodes: 2,
      database: join(directory, 'kubets.db'),
    })
    cleanup.defer(() => controlPlane.close())
    controlPlane.startComponents()
    const running = await startProgram(program, { ...controlPlane, directory, pki })
    cleanup.defer(async () => void (await running.stop('SIGKILL')))
    const transport = kubetsTransport(controlPlane)
    cleanup.defer(() => transport.close())
    const client = createClient(transport)
    for (const { title, run } of workingSteps) await assert.doesNotReject(run(client), title)
  })
}

const hostSkip = etcdSkipReason ?? upstreamSkipReason('kube-apiserver') ?? false

test('our controllers and scheduler take the place of the real ones', { skip: hostSkip }, async () => {
  await using cleanup = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), 'kubets-interchange-'))
  cleanup.defer(() => rmSync(directory, { recursive: true }))
  const etcd = await startEtcd()
  cleanup.defer(() => etcd.dispose())
  const server = await startKubeApiserver({ etcd: etcd.endpoint, pki: join(directory, 'pki') })
  cleanup.defer(() => server.stop())
  const stopping = new AbortController()
  const running = runOurLoops(server, stopping.signal)
  cleanup.defer(async () => {
    stopping.abort()
    await running
  })
  const admin = createClient(server.transport)
  for (const { title, run } of workingSteps) await assert.doesNotReject(run(admin), title)
})
