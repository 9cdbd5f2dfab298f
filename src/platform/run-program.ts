import { spawn } from 'node:child_process'

export interface ProgramOptions {
  /** Given to the program on its standard input. */
  readonly input?: string
  readonly signal?: AbortSignal
}

const mostOutputBytes = 16 * 1024 * 1024
const mostErrorBytes = 8 * 1024

/**
 * Runs a program with an argument vector, never through a shell, and resolves to its standard output. Throws with the
 * program's own words when it cannot be started or ends with another code than 0.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { input, signal }: ProgramOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(signal && { signal }) })
    let output = ''
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < mostOutputBytes) output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (printed.length < mostErrorBytes) printed += text
    })
    child.on('error', (error) => reject(new Error(`could not run ${program}`, { cause: error })))
    child.on('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`${program} ${args.join(' ')} failed (${code}): ${printed.trim()}`))
    })
    child.stdin.on('error', () => undefined) // It ended before it read all; its exit code tells.
    child.stdin.end(input ?? '')
  })
}
