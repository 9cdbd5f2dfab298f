// Makes a fresh clone ready: npm's packages, and as root on Debian the system packages. Runs on any Node from 20 on,
// before anything is installed, so it is plain JavaScript and imports nothing but Node.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectDirectory = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The Node that everything of ours runs on, whichever one npm was started with. */
export const pinnedNode = join(projectDirectory, 'node_modules', '.bin', 'node')

/** What a node needs to run Pods: a file that shows it is there, and Debian's package. */
export const nodePackages = [
  { file: '/usr/bin/containerd', name: 'containerd' },
  { file: '/usr/sbin/runc', name: 'runc' },
  { file: '/usr/lib/cni/bridge', name: 'containernetworking-plugins' },
  { file: '/usr/sbin/nft', name: 'nftables' },
  { file: '/usr/sbin/ip', name: 'iproute2' },
  { file: '/usr/sbin/conntrack', name: 'conntrack' },
]

/** What the tests run besides: a real etcd, and programs to make container images from. */
export const testPackages = [
  { file: '/usr/bin/etcd', name: 'etcd-server' },
  { file: '/bin/busybox', name: 'busybox-static' },
  { file: '/usr/sbin/nginx', name: 'nginx-light' },
]

/** A reason the machine cannot be set up, shown as it is. */
export class SetupError extends Error {}

/** Installs npm's packages when `package-lock.json` has changed since they were installed. */
export function installNodeModules() {
  const lock = readFileSync(join(projectDirectory, 'package-lock.json'))
  const digest = createHash('sha256').update(lock).digest('hex')
  const marker = join(projectDirectory, 'node_modules', '.kubets-lock')
  if (existsSync(pinnedNode) && existsSync(marker) && readFileSync(marker, 'utf8') === digest) return
  console.error('kubets: installing npm packages (once)')
  run(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    'npm could not install the packages; is the registry reachable?',
  )
  if (!existsSync(pinnedNode)) {
    throw new SetupError('npm installed no Node: allow the install script of the package "node" and try again')
  }
  writeFileSync(marker, digest)
}

/** Installs the Debian packages that are missing, naming them. Their services are not started: kubets starts its own. */
export function installDebianPackages(packages) {
  const missing = packages.filter(({ file }) => !existsSync(file)).map(({ name }) => name)
  if (missing.length === 0) return
  const list = missing.join(' ')
  const wayOut = 'or start without nodes: npm start -- --nodes 0'
  if (process.getuid?.() !== 0)
    throw new SetupError(`missing: ${list}. Install as root (apt-get install ${list}), ${wayOut}`)
  if (!existsSync('/usr/bin/apt-get'))
    throw new SetupError(`missing: ${list}. This is no Debian: install by hand, ${wayOut}`)
  console.error(`kubets: installing Debian packages: ${list}`)
  withoutServiceStart(() => {
    run('apt-get', ['-qq', 'update'], 'apt-get update failed')
    run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...missing], `apt-get could not install ${list}`)
  })
}

/** Debian starts a package's service at once unless this file says no. */
function withoutServiceStart(action) {
  const policy = '/usr/sbin/policy-rc.d'
  const ours = !existsSync(policy)
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    action()
  } finally {
    if (ours) rmSync(policy, { force: true })
  }
}

function run(command, args, whatFailed) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, error } = spawnSync(command, args, {
    cwd: projectDirectory,
    env: environment,
    stdio: ['ignore', 2, 2],
  })
  if (error || status !== 0)
    throw new SetupError(`${whatFailed} (${command}: ${error?.message ?? `exit code ${status}`})`)
}

/** Runs `main`, whose result is the exit code, and turns a SetupError into one sentence and exit code 1. */
export function runOrExplain(main) {
  try {
    process.exitCode = main()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(`kubets: ${error.message}`)
    process.exitCode = 1
  }
}
