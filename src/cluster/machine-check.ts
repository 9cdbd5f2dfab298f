import { accessSync, constants } from 'node:fs'
import { isRoot } from './options.ts'
import { UsageError } from './usage-error.ts'

/** What a node runs, where Debian puts it, and the package it comes in. */
const programs = [
  { paths: ['/usr/bin/containerd', '/usr/local/bin/containerd'], package: 'containerd' },
  { paths: ['/usr/sbin/runc', '/usr/bin/runc', '/usr/local/sbin/runc'], package: 'runc' },
  { paths: ['/usr/lib/cni/ptp', '/opt/cni/bin/ptp'], package: 'containernetworking-plugins' },
  { paths: ['/usr/sbin/nft', '/sbin/nft'], package: 'nftables' },
  { paths: ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip'], package: 'iproute2' },
  { paths: ['/usr/sbin/conntrack', '/usr/bin/conntrack'], package: 'conntrack' },
]

/** Throws a UsageError that names what this machine lacks to run Pods, with the way out. */
export function checkMachineForNodes(): void {
  if (process.platform !== 'linux')
    throw new UsageError('nodes need Linux; start the control plane alone with --nodes 0')
  if (!isRoot()) throw new UsageError('running Pods needs root; start as root, or without nodes: --nodes 0')
  const missing = programs.filter(({ paths }) => !paths.some(isExecutable)).map((program) => program.package)
  if (missing.length === 0) return
  const list = missing.join(' ')
  throw new UsageError(
    `running Pods needs ${list}; install with "apt-get install ${list}", or start without nodes: --nodes 0`,
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
