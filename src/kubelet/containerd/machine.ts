import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../../platform/run-program.ts'

const capSysResource = 24n

/** Whether this process may lower its oom_score_adj and raise its limits. */
export function hasCapSysResource(): boolean {
  const match = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return match !== null && ((BigInt(`0x${match[1]}`) >> capSysResource) & 1n) === 1n
}

/** Tries one overlay mount in `directory`: it is refused there when the directory itself is on an overlay. */
export async function canMountOverlay(directory: string): Promise<boolean> {
  const probe = join(directory, 'overlay-probe')
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(probe, name))
  for (const path of [lower, upper, work, merged]) mkdirSync(path!, { recursive: true })
  try {
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
    await runProgram('mount', ['-t', 'overlay', 'overlay', '-o', options, merged!])
    await runProgram('umount', [merged!])
    return true
  } catch {
    // The refusal is the answer; its words differ from kernel to kernel.
    return false
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}
