import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface ProjectedFile {
  readonly data: Uint8Array
  readonly mode: number
  /** Owner, for token files of containers that do not run as root. */
  readonly uid?: number
}

/** Path below the volume → file. */
export type Payload = ReadonlyMap<string, ProjectedFile>

const dataLink = '..data'

/**
 * Makes `directory` show exactly `payload`, all at once for readers: files lie in a folder of their own, `..data` links
 * to it, and each visible name links into `..data`. Nothing is touched when nothing changed.
 * After kubelet v1.36 pkg/volume/util/atomic_writer.go.
 */
export async function writeAtomically(directory: string, payload: Payload, fsGroup?: number): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o755 })
  // The mode above is cut by the umask.
  await chmod(directory, fsGroup === undefined ? 0o777 : 0o2775)
  const current = await readlink(join(directory, dataLink)).catch(ifMissing)
  if (current && (await isSame(join(directory, current), payload, fsGroup))) return
  const folder = await nextFolder(directory, current)
  for (const [path, file] of payload) await writeProjected(join(directory, folder), path, file, fsGroup)
  await replaceLink(directory, dataLink, folder)
  await linkVisibleNames(directory, payload)
  for (const name of await readdir(directory)) {
    if (name.startsWith('..') && name !== dataLink && name !== folder)
      await rm(join(directory, name), { recursive: true })
  }
}

/** `undefined` for a file that is not there; every other failure goes on. */
function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

async function nextFolder(directory: string, current: string | undefined): Promise<string> {
  const number = Number(/\d+$/.exec(current ?? '')?.[0] ?? 0) + 1
  const name = `..version_${number}`
  await rm(join(directory, name), { recursive: true, force: true })
  await mkdir(join(directory, name), { mode: 0o755 })
  await chmod(join(directory, name), 0o755)
  return name
}

async function writeProjected(root: string, path: string, file: ProjectedFile, fsGroup?: number): Promise<void> {
  const target = join(root, path)
  await mkdir(dirname(target), { recursive: true, mode: 0o755 })
  await writeFile(target, file.data)
  if (file.uid !== undefined || fsGroup !== undefined) await chown(target, file.uid ?? 0, fsGroup ?? 0)
  await chmod(target, modeOf(file, fsGroup))
}

/** The group must be able to read what it owns. */
const modeOf = ({ mode }: ProjectedFile, fsGroup?: number) => (fsGroup === undefined ? mode : mode | 0o440)

async function replaceLink(directory: string, name: string, target: string): Promise<void> {
  const temporary = join(directory, `..${name}_new`)
  await rm(temporary, { force: true })
  await symlink(target, temporary)
  await rename(temporary, join(directory, name))
}

async function linkVisibleNames(directory: string, payload: Payload): Promise<void> {
  const visible = new Set([...payload.keys()].map((path) => path.split('/')[0]!))
  for (const name of visible) {
    const target = join(dataLink, name)
    const existing = await readlink(join(directory, name)).catch(ifMissing)
    if (existing !== target) await replaceLink(directory, name, target)
  }
  for (const name of await readdir(directory)) {
    if (!name.startsWith('..') && !visible.has(name)) await rm(join(directory, name))
  }
}

async function isSame(folder: string, payload: Payload, fsGroup?: number): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ifMissing)
  if (entries?.filter((entry) => entry.isFile()).length !== payload.size) return false
  for (const [path, file] of payload) {
    const target = join(folder, path)
    const existing = await readFile(target).catch(ifMissing)
    if (!existing || Buffer.compare(existing, file.data) !== 0) return false
    const { mode, uid } = await stat(target)
    if ((mode & 0o777) !== modeOf(file, fsGroup) || uid !== (file.uid ?? 0)) return false
  }
  return true
}
