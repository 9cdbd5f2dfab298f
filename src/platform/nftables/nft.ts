import { runProgram } from '../run-program.ts'

/** Runs `nft -f -` with these statements: all of them take effect, or none. */
export type ApplyRules = (statements: string) => Promise<void>

/** Applies by the `nft` program. Throws with what it printed when it refuses. */
export const applyWithNft: ApplyRules = async (statements) => {
  await runProgram('nft', ['-f', '-'], { input: `${statements}\n` })
}
