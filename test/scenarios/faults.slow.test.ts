import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { asNobody, ClusterProcess, freePort, kubetsProgram, runKubets } from '../support/cluster-process.ts'
import { type Finished, finished, output } from '../support/processes.ts'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubets-faults-'))
  chmodSync(directory, 0o755)
})
after(() => rmSync(directory, { recursive: true, force: true }))

/** One clear sentence, no stack trace. Exit code 2: nothing but other flags helps. */
function assertOneSentence({ code, stdout, stderr }: Finished, sentence: RegExp, expectedCode = 1): void {
  assert.match(stderr, sentence)
  assert.equal(stderr.trim().split('\n').length, 1, stderr)
  assert.doesNotMatch(stderr, /^\s+at |unexpected error/m)
  assert.equal(stdout, '')
  assert.equal(code, expectedCode)
}

const up = (...flags: string[]) => runKubets(['up', '--nodes', '0', ...flags])

describe('mistakes on the command line', () => {
  const rows: readonly { name: string; flags: string[]; sentence: RegExp; code?: number }[] = [
    {
      name: 'a port that is none',
      flags: ['--port', 'http'],
      sentence: /^kubets: port must be a whole number from 0 to 65535, not "http"$/m,
      code: 2,
    },
    {
      name: 'a component that is none',
      flags: ['--components', 'kubelet'],
      sentence: /^kubets: components: there is no component "kubelet"; choose from /,
      code: 2,
    },
    {
      name: 'a datastore that is none',
      flags: ['--datastore', 'mysql://x'],
      sentence: /^kubets: datastore must be sqlite or etcd:/,
      code: 2,
    },
    { name: 'an unknown flag', flags: ['--replicas', '3'], sentence: /^kubets: unknown option '--replicas'/, code: 2 },
    {
      name: 'a configuration file that is not there',
      flags: ['--config', '/nowhere.yaml'],
      sentence: /^kubets: cannot read --config \/nowhere\.yaml: /,
    },
    {
      name: 'a token file that is not there',
      flags: ['--token-auth-file', '/nowhere.csv'],
      sentence: /^kubets: .*\/nowhere\.csv/,
      code: 2,
    },
    {
      name: 'an address of another machine',
      flags: ['--bind-address', '192.0.2.99'],
      sentence: /^kubets: 192\.0\.2\.99 is no address of this machine; choose another with --bind-address$/m,
    },
    {
      name: 'a folder that cannot be made',
      flags: ['--data-dir', '/proc/kubets'],
      sentence: /^kubets: cannot write to the data directory \/proc\/kubets \(\w+\); choose another with --data-dir$/m,
    },
  ]
  for (const { name, flags, sentence, code } of rows) {
    test(name, async () => {
      const dataDir = flags.includes('--data-dir') ? [] : ['--data-dir', join(directory, 'flags')]
      assertOneSentence(await up(...dataDir, '--port', String(await freePort()), ...flags), sentence, code)
    })
  }
})

test('a port in use', async () => {
  const port = await freePort()
  const taken: Server = createServer().listen(port, '0.0.0.0')
  try {
    const said = await up('--data-dir', join(directory, 'port'), '--port', String(port))
    assertOneSentence(said, new RegExp(`^kubets: port ${port} is in use; choose another with --port$`, 'm'))
  } finally {
    taken.close()
  }
})

test('nodes without root', async () => {
  const own = join(directory, 'own')
  mkdirSync(own)
  const said = await finished('setpriv', [...asNobody(own), 'up', '--data-dir', join(own, 'data')])
  assertOneSentence(said, /^kubets: running Pods needs root; start as root, or without nodes: --nodes 0$/m)
})

test('a package that is missing', async () => {
  // In a mount namespace of its own, where the program cannot be run.
  const hidden = 'mount --bind /dev/null /usr/sbin/conntrack && exec "$@"'
  const args = ['up', '--data-dir', join(directory, 'missing')]
  const said = await finished('unshare', [
    '--mount',
    'sh',
    '-c',
    hidden,
    'sh',
    process.execPath,
    kubetsProgram,
    ...args,
  ])
  assertOneSentence(said, /^kubets: running Pods needs conntrack; install with "apt-get install conntrack", or start /)
})

describe('a data directory', () => {
  const database = (dataDir: string) => join(dataDir, 'kubets.db')

  /** One that a cluster has used. */
  async function usedDataDirectory(name: string): Promise<string> {
    const cluster = new ClusterProcess(await freePort(), ['--nodes', '0'])
    try {
      await cluster.up()
      await cluster.interrupt()
      await output('cp', ['-a', cluster.dataDir, join(directory, name)])
    } finally {
      await cluster.close()
    }
    return join(directory, name)
  }

  test('whose database is damaged is reported, not served', async () => {
    const dataDir = await usedDataDirectory('damaged')
    const bytes = readFileSync(database(dataDir))
    for (let at = 4096; at < bytes.length; at += 4096) bytes.fill(0x5a, at, at + 2048)
    writeFileSync(database(dataDir), bytes)
    assertOneSentence(
      await up('--data-dir', dataDir, '--port', '0'),
      /^kubets: .*kubets\.db.*(corrupt|damaged|malformed)/,
    )
  })

  test('whose database is something else', async () => {
    const dataDir = join(directory, 'foreign')
    mkdirSync(dataDir)
    writeFileSync(database(dataDir), 'this is a text and no database, long enough to be looked at '.repeat(100))
    assertOneSentence(await up('--data-dir', dataDir, '--port', '0'), /^kubets: .*kubets\.db/)
  })

  test('of a newer kubets', async () => {
    const dataDir = await usedDataDirectory('newer')
    const opened = new DatabaseSync(database(dataDir))
    opened.exec('PRAGMA user_version = 9999')
    opened.close()
    assertOneSentence(await up('--data-dir', dataDir, '--port', '0'), /^kubets: .*newer/)
  })
})

test('a full disk: writes are refused with a sentence, nothing is lost, and all goes on once there is room', async () => {
  const mount = join(directory, 'small')
  mkdirSync(mount)
  await output('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', mount])
  const filler = join(mount, 'filler')
  const cluster = new ClusterProcess(await freePort(), ['--nodes', '0'], join(mount, 'data'))
  try {
    await cluster.up()
    await cluster.kubectl('create', 'configmap', 'before', '--from-literal=a=1')
    fill(filler)
    const refused = await createMany(cluster)
    assert.match(refused, /No room to write the datastore .*: free space on its disk/)
    assert.equal(await cluster.kubectl('get', 'configmap', 'before', '-o', 'jsonpath={.data.a}'), '1')
    rmSync(filler)
    await cluster.kubectl('create', 'configmap', 'after', '--from-literal=a=2')
    assert.equal(await cluster.kubectl('get', 'configmap', 'after', '-o', 'jsonpath={.data.a}'), '2')
  } finally {
    rmSync(filler, { force: true })
    await cluster.close()
    await output('umount', [mount])
  }
})

/** Takes all the room that is left. */
function fill(path: string): void {
  for (const size of [1 << 20, 1 << 16, 1 << 12, 1]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

/** Creates objects until one is refused; answers what kubectl said. */
async function createMany(cluster: ClusterProcess): Promise<string> {
  const value = 'x'.repeat(100_000)
  for (let i = 0; i < 200; i++) {
    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `big-${i}` },
      data: { value },
    })
    const { code, stderr } = await cluster.kubectlFinished(['create', '-f', '-'], { input: manifest })
    if (code !== 0) return stderr
  }
  throw new Error('nothing was refused')
}
