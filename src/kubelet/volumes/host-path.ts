import type { Stats } from 'node:fs'
import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

type Check = (stats: Stats) => boolean

const checks: Readonly<Record<string, readonly [check: Check, noun: string]>> = {
  Directory: [(stats) => stats.isDirectory(), 'a directory'],
  DirectoryOrCreate: [(stats) => stats.isDirectory(), 'a directory'],
  File: [(stats) => stats.isFile(), 'a file'],
  FileOrCreate: [(stats) => stats.isFile(), 'a file'],
  Socket: [(stats) => stats.isSocket(), 'a socket file'],
  CharDevice: [(stats) => stats.isCharacterDevice(), 'a character device'],
  BlockDevice: [(stats) => stats.isBlockDevice(), 'a block device'],
}

/** Sees that `path` is what `type` says, creating it where the type allows. After kubelet v1.36 volume/hostpath. */
export async function prepareHostPath(path: string, type: string): Promise<void> {
  if (type === '') return
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate') await createFile(path)
  const rule = checks[type]
  if (!rule) throw new Error(`${type} is an invalid volume type`)
  const stats = await stat(path).catch(() => undefined)
  if (!stats || !rule[0](stats)) throw new Error(`hostPath type check failed: ${path} is not ${rule[1]}`)
}

async function createFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  const file = await open(path, 'a', 0o644)
  await file.close()
}
