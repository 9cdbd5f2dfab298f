import { existsSync } from 'node:fs'
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { qosClassOf } from '../../api/core/pod-qos.ts'
import { type PodLimits, podLimits } from '../containers/resources.ts'
import type { ReadonlyPod } from '../pod/pod.ts'

/** The control groups of Pods, with the cgroupfs driver: kubets writes the files itself, on cgroup v1 and v2. */
export interface PodCgroups {
  /** The path of the Pod's group below each hierarchy's root, as the runtime wants it. */
  pathOf(pod: ReadonlyPod): string
  /** Creates the group and writes its limits. */
  ensure(pod: ReadonlyPod): Promise<void>
  /** Removes the groups of the Pod with this uid, whatever its class of service was. */
  remove(uid: string): Promise<void>
}

const mountPoint = '/sys/fs/cgroup'
const classFolders = { Guaranteed: '', Burstable: 'burstable', BestEffort: 'besteffort' }
/** The controllers whose limits are written here; the runtime creates the others as it needs them. */
const limitedV1 = ['cpu', 'memory', 'pids']

/** `parent` is kubets' own group, such as `/kubets`; the tree below is upstream's: kubelet v1.36 cm/qos_container_manager. */
export function podCgroups(parent: string): PodCgroups {
  const isV2 = existsSync(join(mountPoint, 'cgroup.controllers'))
  const pathFor = (folder: string, uid: string) => join('/', parent, 'kubepods', folder, `pod${uid}`)
  const pathOf = (pod: ReadonlyPod) => pathFor(classFolders[qosClassOf(pod)], pod.metadata?.uid ?? '')
  return {
    pathOf,
    async ensure(pod) {
      const limits = podLimits(pod)
      if (isV2) await ensureV2(pathOf(pod), limits)
      else await ensureV1(pathOf(pod), limits)
    },
    async remove(uid) {
      const roots = isV2 ? [mountPoint] : (await readdir(mountPoint)).map((name) => join(mountPoint, name))
      const paths = Object.values(classFolders).map((folder) => pathFor(folder, uid))
      for (const root of roots) for (const path of paths) await removeTree(join(root, path))
    },
  }
}

async function ensureV1(path: string, limits: PodLimits): Promise<void> {
  for (const controller of limitedV1.filter((name) => existsSync(join(mountPoint, name)))) {
    await mkdir(join(mountPoint, controller, path), { recursive: true })
  }
  const write = (controller: string, file: string, value: number) =>
    writeFile(join(mountPoint, controller, path, file), String(value))
  await write('cpu', 'cpu.shares', limits.cpuShares)
  if (limits.cpuQuotaUs !== undefined) await write('cpu', 'cpu.cfs_quota_us', limits.cpuQuotaUs)
  if (limits.memoryBytes !== undefined) await write('memory', 'memory.limit_in_bytes', limits.memoryBytes)
}

/** In v2 a controller reaches a group only when every group above it passes it on. */
async function ensureV2(path: string, limits: PodLimits): Promise<void> {
  let directory = mountPoint
  for (const part of path.split('/').filter((name) => name !== '')) {
    await writeFile(join(directory, 'cgroup.subtree_control'), '+cpu +memory +pids')
    directory = join(directory, part)
    await mkdir(directory, { recursive: true })
  }
  await writeFile(join(directory, 'cgroup.subtree_control'), '+cpu +memory +pids')
  await writeFile(join(directory, 'cpu.weight'), String(cpuWeight(limits.cpuShares)))
  if (limits.cpuQuotaUs !== undefined) await writeFile(join(directory, 'cpu.max'), `${limits.cpuQuotaUs} 100000`)
  if (limits.memoryBytes !== undefined) await writeFile(join(directory, 'memory.max'), String(limits.memoryBytes))
}

/** v1's 2…262144 in v2's 1…10000. After kubelet v1.36 cm/cgroup_manager_linux.go. */
function cpuWeight(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262_142)
}

/** Groups are removed from the leaves up; their files go with them. */
async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(ifGone)
  if (!entries) return
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name))
  await rmdir(directory).catch(ifGone)
}

function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
}
