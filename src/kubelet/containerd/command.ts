import { spawn } from 'node:child_process'

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
}

/** Output beyond this is cut off: what a tool says is for a sentence or a list, never a stream. */
const maxOutputBytes = 4 << 20

/**
 * Runs a program with an argument vector to its end. Throws an Error with the program's own words when it cannot be
 * started or exits with a code other than 0.
 */
export function runCommand(program: string, args: readonly string[], signal?: AbortSignal): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) })
    const stdout = collect(child.stdout)
    const stderr = collect(child.stderr)
    child.once('error', (cause) => reject(new Error(`cannot run ${program}: ${cause.message}`, { cause })))
    child.once('close', (code, signalName) => {
      if (code === 0) return resolve({ stdout: stdout(), stderr: stderr() })
      const words = stderr().trim() || stdout().trim()
      reject(new Error(`${program} ${args[0] ?? ''} ended with ${signalName ?? `exit code ${code}`}: ${words}`))
    })
  })
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxOutputBytes) chunks.push(chunk)
  })
  return () => Buffer.concat(chunks).toString('utf8')
}
