import { lstat, mkdir, realpath } from 'node:fs/promises'
import { join, relative } from 'node:path'

/**
 * The folder or file that a `subPath` means, created as a folder when it is not there. Links are followed, but never out
 * of the volume: a container could otherwise reach the node's files by a link it made itself.
 */
export async function resolveSubPath(volumePath: string, subPath: string): Promise<string> {
  if (subPath.startsWith('/') || subPath.split('/').includes('..'))
    throw new Error(`subPath ${subPath} must not leave the volume`)
  const root = await realpath(volumePath)
  let current = root
  for (const part of subPath.split('/').filter((name) => name !== '' && name !== '.')) {
    const next = join(current, part)
    if (!(await exists(next))) await mkdir(next, { mode: 0o750 })
    current = await realpath(next)
    if (isOutside(root, current)) throw new Error(`subPath ${subPath} leaves the volume by a link`)
  }
  return current
}

/** A name may begin with two dots: the folders that the files of a ConfigMap are linked to do. */
function isOutside(root: string, path: string): boolean {
  const way = relative(root, path)
  return way === '..' || way.startsWith('../')
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return false
  }
}
