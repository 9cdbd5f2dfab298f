import { readFileSync, statfsSync } from 'node:fs'
import { arch, availableParallelism, hostname, release } from 'node:os'
import type { NodeSystemInfo } from '../../api/types/core/v1.ts'
import { readFileIfThere } from '../../platform/files.ts'

/** What this machine is and has. */
export interface Machine {
  readonly cpus: number
  readonly memoryBytes: number
  readonly diskBytes: number
  readonly system: Omit<NodeSystemInfo, 'containerRuntimeVersion' | 'kubeletVersion' | 'kubeProxyVersion'>
}

const goArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Go's name of this processor's architecture, as labels show it. */
export const goArchitecture = (): string => goArchitectures[arch()] ?? arch()

export function readMachine(rootDirectory: string): Machine {
  const { blocks, bsize } = statfsSync(rootDirectory)
  const read = (path: string) => (readFileIfThere(path) ?? '').trim()
  return {
    cpus: availableParallelism(),
    memoryBytes: memoryBytes(readFileSync('/proc/meminfo', 'utf8')),
    diskBytes: blocks * bsize,
    system: {
      machineID: read('/etc/machine-id'),
      systemUUID: read('/sys/class/dmi/id/product_uuid') || read('/etc/machine-id'),
      bootID: read('/proc/sys/kernel/random/boot_id'),
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release'))?.[1] ?? hostname(),
      operatingSystem: 'linux',
      architecture: goArchitecture(),
    },
  }
}

function memoryBytes(meminfo: string): number {
  return Number(/^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024
}

/** What eviction looks at. */
export interface Pressure {
  readonly memory: boolean
  readonly disk: boolean
  readonly pids: boolean
}

/** Upstream's hard eviction thresholds: kubelet v1.36 eviction/defaults_linux.go. */
const minMemoryBytes = 100 << 20
const minDiskPart = 0.1
const minInodePart = 0.05
const minPidPart = 0.02

export function readPressure(rootDirectory: string): Pressure {
  const available = Number(/^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024
  const disk = statfsSync(rootDirectory)
  const threads = Number(/\/(\d+)/.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0)
  const maxPids = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'))
  return {
    memory: available < minMemoryBytes,
    disk: disk.bavail < disk.blocks * minDiskPart || (disk.files > 0 && disk.ffree < disk.files * minInodePart),
    pids: maxPids - threads < maxPids * minPidPart,
  }
}
