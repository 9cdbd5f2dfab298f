import { spawn } from 'node:child_process'

/** Runs `nft -f -` with these statements: all of them take effect, or none. */
export type ApplyRules = (statements: string) => Promise<void>

const longestErrorBytes = 4096

/** Applies by the `nft` program. Throws with what it printed when it refuses. */
export const applyWithNft: ApplyRules = (statements) =>
  new Promise((resolve, reject) => {
    const nft = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] })
    let printed = ''
    nft.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(0, longestErrorBytes)
    })
    nft.on('error', (error) =>
      reject(new Error('could not run nft; is the package nftables installed?', { cause: error })),
    )
    nft.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`nft refused the rules: ${printed.trim()}`))))
    nft.stdin.on('error', () => undefined) // It ended before it read all; its exit code tells.
    nft.stdin.end(`${statements}\n`)
  })
