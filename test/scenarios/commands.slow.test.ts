import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { asNobody, ClusterProcess, freePort } from '../support/cluster-process.ts'
import { BackgroundProgram, output, until } from '../support/processes.ts'

/** Runs `check` with a control plane that has these flags, and removes it. */
async function withControlPlane(
  flags: readonly string[],
  check: (cluster: ClusterProcess) => Promise<void>,
): Promise<void> {
  const cluster = new ClusterProcess(await freePort(), ['--nodes', '0', ...flags])
  try {
    await cluster.up()
    await check(cluster)
  } finally {
    await cluster.close()
  }
}

const value = (cluster: ClusterProcess, name: string) =>
  cluster.kubectl('get', 'configmap', name, '--ignore-not-found', '-o', 'jsonpath={.data.a}')

test('a backup of a running cluster brings back what it held, and a restore keeps what was there', () =>
  withControlPlane([], async (cluster) => {
    const file = join(cluster.directory, 'backup.db')
    await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=1')
    assert.equal(await cluster.kubets('backup', file), `backup written to ${file}\n`)
    await cluster.kubectl('create', 'configmap', 'later', '--from-literal=a=2')
    const early = await cluster.kubetsFinished(['restore', file])
    assert.deepEqual([early.code, early.stderr], [1, 'kubets: kubets runs; stop it before a restore\n'])
    await cluster.interrupt()
    assert.match(
      await cluster.kubets('restore', file),
      /^restored from \S+backup\.db; what was there before is kept in /,
    )
    await cluster.up()
    assert.deepEqual([await value(cluster, 'kept'), await value(cluster, 'later')], ['1', ''])
  }))

test('a token is good for what its service account may do', () =>
  withControlPlane([], async (cluster) => {
    await cluster.kubectl('create', 'serviceaccount', 'robot')
    await cluster.kubectl('create', 'rolebinding', 'robot', '--clusterrole=view', '--serviceaccount=default:robot')
    const token = (await cluster.kubets('token', 'default/robot')).trim()
    const ask = (...args: string[]) =>
      cluster.kubectlFinished([...args, '--token', token, '--kubeconfig', '/dev/null', ...server(cluster)])
    assert.match((await ask('get', 'configmaps')).stdout, /kube-root-ca\.crt/)
    assert.match(
      (await ask('get', 'secrets')).stderr,
      /User "system:serviceaccount:default:robot" cannot list resource/,
    )
    const unknown = await cluster.kubetsFinished(['token', 'default/nobody'])
    assert.deepEqual([unknown.code, unknown.stderr], [1, 'kubets: serviceaccounts "nobody" not found\n'])
  }))

const server = ({ port }: ClusterProcess) => ['--server', `https://127.0.0.1:${port}`, '--insecure-skip-tls-verify']

test('--token-auth-file and --config', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-config-'))
  try {
    const cluster = new ClusterProcess(await freePort(), ['--config', join(directory, 'kubets.yaml')])
    try {
      const tokens = cluster.writeFile('tokens.csv', 'secret-token,alice,1,"system:masters"\n')
      await output('cp', [cluster.writeFile('kubets.yaml', `nodes: 0\ntoken-auth-file: ${tokens}\n`), directory])
      await cluster.up()
      const args = ['auth', 'whoami', '--token', 'secret-token', '--kubeconfig', '/dev/null', ...server(cluster)]
      assert.match(await cluster.kubectl(...args, '-o', 'jsonpath={.status.userInfo.username}'), /^alice$/)
    } finally {
      await cluster.close()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('--simulate-nodes 20: Pods run on hollow nodes', () =>
  withControlPlane(['--simulate-nodes', '20'], async (cluster) => {
    await cluster.kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=30s')
    const nodes = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.name}')
    assert.equal(nodes.split(' ').length, 20)
    await cluster.kubectl('create', 'deployment', 'many', '--image=any', '--replicas=40')
    await cluster.kubectl('rollout', 'status', 'deployment/many', '--timeout=60s')
    const placed = await cluster.kubectl('get', 'pods', '-l', 'app=many', '-o', 'jsonpath={.items[*].spec.nodeName}')
    assert.equal(new Set(placed.split(' ')).size, 20)
  }))

test('--nodes 0 runs as a user without rights', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-nobody-'))
  const dataDir = join(directory, 'data')
  const port = String(await freePort())
  const args = [...asNobody(directory), 'up', '--nodes', '0', '--data-dir', dataDir, '--port', port]
  const running = new BackgroundProgram('setpriv', args)
  try {
    await running.untilPrinted(/Ctrl-C ends kubets/)
    const env = { KUBECONFIG: join(dataDir, 'admin.kubeconfig') }
    assert.match(await output('kubectl', ['get', 'namespaces'], { env }), /^default +Active/m)
  } finally {
    await running.stop('SIGINT')
    rmSync(directory, { recursive: true, force: true })
  }
})

describe('--datastore etcd://', () => {
  let etcd: BackgroundProgram
  let directory: string
  let endpoint: string
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'kubets-etcd-'))
    const peer = `http://127.0.0.1:${await freePort()}`
    endpoint = `127.0.0.1:${await freePort()}`
    const client = `http://${endpoint}`
    const clientUrls = ['--listen-client-urls', client, '--advertise-client-urls', client]
    const peerUrls = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer]
    const cluster = ['--initial-cluster', `default=${peer}`, '--data-dir', directory]
    etcd = new BackgroundProgram('etcd', [...clientUrls, ...peerUrls, ...cluster])
    await until('etcd is healthy', () =>
      fetch(`${client}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  })
  after(async () => {
    await etcd?.stop('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })

  test('holds the cluster, also over a restart of kubets', () =>
    withControlPlane(['--datastore', `etcd://${endpoint}`], async (cluster) => {
      await cluster.kubectl('create', 'deployment', 'stored', '--image=any')
      await cluster.kubectl('wait', '--for=jsonpath={.status.replicas}=1', 'deployment/stored', '--timeout=30s')
      assert.match(await cluster.kubets('status'), /store +etcd, /)
      await cluster.interrupt()
      await cluster.up()
      assert.match(await cluster.kubectl('get', 'deployments', '-o', 'name'), /deployment\.apps\/stored/)
    }))
})
