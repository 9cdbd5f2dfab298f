import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createClient } from '../../src/client/typed-client.ts'
import type { ClusterCertificates } from '../../src/cluster/cluster-certificates.ts'
import { renderKubeconfig } from '../../src/cluster/kubeconfig.ts'
import type { Component } from '../../src/cluster/options.ts'
import { etcdSkipReason, startEtcd } from '../../src/store/etcd/etcd-process.ts'
import { freePort } from '../support/cluster-process.ts'
import { BackgroundProgram } from '../support/processes.ts'
import { startKubeApiserver, upstreamProgram, upstreamSkipReason } from './kube-apiserver.ts'
import { kubetsTransport, startKubets } from './kubets.ts'
import { runOurLoops } from './our-loops.ts'
import { workingSteps } from './working-cluster.ts'

interface Place {
  readonly directory: string
  readonly pki: string
  readonly url: string
  readonly certificates: ClusterCertificates
}

/** The file by which one of upstream's programs finds the server, and is known to it as `user`. */
async function writeKubeconfig({ directory, url, certificates }: Place, user: string): Promise<string> {
  const { authority } = certificates
  const credentials = await authority.issue({ commonName: user, usage: 'client' })
  const path = join(directory, `${user.replaceAll(':', '-')}.kubeconfig`)
  writeFileSync(
    path,
    renderKubeconfig({ server: url, certificateAuthority: authority.pair.certificate, user, credentials }),
  )
  return path
}

/** The flags of upstream's programs, as kubeadm sets them. */
const programs: Readonly<Record<string, (place: Place, kubeconfig: string) => string[]>> = {
  'kube-scheduler': () => [],
  'kube-controller-manager': ({ pki }) => [
    ...['--use-service-account-credentials', '--controllers', '*,bootstrapsigner,tokencleaner'],
    ...['--root-ca-file', join(pki, 'ca.crt'), '--service-account-private-key-file', join(pki, 'sa.key')],
    ...['--cluster-signing-cert-file', join(pki, 'ca.crt'), '--cluster-signing-key-file', join(pki, 'ca.key')],
    ...['--cluster-cidr', '10.244.0.0/16', '--allocate-node-cidrs'],
  ],
}

async function startProgram(name: string, place: Place): Promise<BackgroundProgram> {
  const kubeconfig = await writeKubeconfig(place, `system:${name}`)
  const files = ['--kubeconfig', '--authentication-kubeconfig', '--authorization-kubeconfig']
  return new BackgroundProgram(upstreamProgram(name)!, [
    ...files.flatMap((flag) => [flag, kubeconfig]),
    ...['--bind-address', '127.0.0.1', '--secure-port', String(await freePort())],
    ...programs[name]!(place, kubeconfig),
  ])
}

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
