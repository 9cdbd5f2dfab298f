import { readFile, rm } from 'node:fs/promises'
import { runProgram } from '../../platform/run-program.ts'

/** Mount points at or below `directory`, the deepest first. After proc_pid_mountinfo(5). */
export async function mountsBelow(directory: string): Promise<string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8')
  return text
    .split('\n')
    .map((line) => unescapeOctal(line.split(' ')[4] ?? ''))
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .reverse()
}

/** Blanks and the like are written as octal numbers there. */
const unescapeOctal = (path: string) =>
  path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

export async function mountTmpfs(directory: string, sizeBytes?: number): Promise<void> {
  const options = sizeBytes ? ['-o', `size=${sizeBytes}`] : []
  await runProgram('mount', ['-t', 'tmpfs', ...options, 'tmpfs', directory])
}

/** Unmounts all below `directory`, then removes it. Never removes through a mount: that would delete what lies behind. */
export async function removeWithMounts(directory: string): Promise<void> {
  for (const path of await mountsBelow(directory)) await runProgram('umount', [path])
  const left = await mountsBelow(directory)
  if (left.length > 0) throw new Error(`still mounted: ${left.join(', ')}`)
  await rm(directory, { recursive: true, force: true })
}
