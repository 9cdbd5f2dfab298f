import { pauseImageReference } from './pause-image.ts'

export interface ContainerdConfig {
  /** Persistent: images, snapshots, metadata. */
  readonly rootDirectory: string
  /** Gone after a reboot: sockets, mounts, namespaces. */
  readonly stateDirectory: string
  readonly socketPath: string
  readonly cniConfDirectory: string
  readonly cniBinDirectory: string
  readonly snapshotter: 'overlayfs' | 'native'
  /** Set where the process may not lower oom_score_adj: runc fails then with "can't get final child's PID from pipe". */
  readonly restrictOomScoreAdj: boolean
}

/** What a node needs none of; each costs start-up time, and some log errors on machines without their file system. */
const disabledPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
]

/** The text of containerd's config.toml, in version 2, which containerd 1.6 to 2.x read. */
export function renderContainerdConfig(config: ContainerdConfig): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return `version = 2
root = ${quote(config.rootDirectory)}
state = ${quote(config.stateDirectory)}
disabled_plugins = [${disabledPlugins.map(quote).join(', ')}]

[grpc]
  address = ${quote(config.socketPath)}
  uid = 0
  gid = 0

[${cri}]
  sandbox_image = ${quote(pauseImageReference)}
  restrict_oom_score_adj = ${config.restrictOomScoreAdj}
  netns_mounts_under_state_dir = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

[${cri}.cni]
  bin_dir = ${quote(config.cniBinDirectory)}
  conf_dir = ${quote(config.cniConfDirectory)}

[${cri}.containerd]
  snapshotter = ${quote(config.snapshotter)}
  default_runtime_name = "runc"

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
`
}

/** TOML's basic strings escape as JSON does. */
const quote = (text: string) => JSON.stringify(text)
