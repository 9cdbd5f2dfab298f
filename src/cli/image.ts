import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { nodeDirectories } from '../cluster/data-directory.ts'
import { importNodeImage, listNodeImages } from '../cluster/node-images.ts'
import { stateDirectory } from '../cluster/nodes.ts'
import { UsageError } from '../cluster/usage-error.ts'
import { type DataDirFlag, dataDirOf } from './data-dir.ts'

/** `kubets image import ARCHIVE…`: onto every node of this machine. */
export async function importImages(archives: readonly string[], flags: DataDirFlag): Promise<void> {
  const runtimes = runningNodes(flags)
  for (const archive of archives.map((path) => resolve(path))) {
    if (!existsSync(archive)) throw new UsageError(`there is no file ${archive}`)
    const perNode = await Promise.all(runtimes.map(({ state }) => importNodeImage(state, archive)))
    for (const image of new Set(perNode.flat())) console.log(`imported ${image}`)
  }
}

/** `kubets image ls`: what each node holds. */
export async function listImages(flags: DataDirFlag): Promise<void> {
  const rows: string[][] = [['NODE', 'IMAGE', 'ID', 'SIZE']]
  for (const { name, state } of runningNodes(flags)) {
    for (const { id, tags, sizeBytes } of await listNodeImages(state)) {
      const shortId = id.replace(/^sha256:/, '').slice(0, 12)
      for (const tag of tags.length > 0 ? tags : ['<none>'])
        rows.push([name, tag, shortId, `${(sizeBytes / 2 ** 20).toFixed(1)}MiB`])
    }
  }
  console.log(table(rows))
}

/** The nodes of this machine whose containerd runs. */
function runningNodes(flags: DataDirFlag): { name: string; state: string }[] {
  const dataDir = dataDirOf(flags)
  const nodes = nodeDirectories(dataDir)
    .map(({ name }) => ({ name, state: stateDirectory(dataDir, name) }))
    .filter(({ state }) => existsSync(state))
  if (nodes.length === 0) throw new UsageError(`no node runs on ${dataDir}; start one with "kubets up"`)
  return nodes
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]! + 3))
        .join('')
        .trimEnd(),
    )
    .join('\n')
}
