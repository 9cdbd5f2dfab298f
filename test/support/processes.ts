import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { systemClock } from '../../src/platform/clock.ts'

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string
  readonly timeoutMs?: number
}

/** Runs a program to its end, whatever its exit code; one that a signal ended has code -1. */
export function finished(program: string, args: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
  const { env, cwd, input, timeoutMs = 60_000 } = options
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      {
        env: { ...process.env, ...env },
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 64 << 20,
        ...(cwd && { cwd }),
      },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0
        resolve({ code, stdout, stderr })
      },
    )
    child.stdin?.on('error', () => {}) // It may end without reading.
    child.stdin?.end(input ?? '')
  })
}

/** Like `finished`, for programs that must succeed: answers what they printed, or throws with all they said. */
export async function output(program: string, args: readonly string[], options?: ProgramOptions): Promise<string> {
  const { code, stdout, stderr } = await finished(program, args, options)
  if (code === 0) return stdout
  throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${stderr}${stdout}`)
}

/** A program in the background, and all that it has printed. */
export class BackgroundProgram {
  readonly child: ChildProcess
  /** Resolves with the exit code, -1 after a signal. */
  readonly exited: Promise<number>
  /** Standard output and standard error, in the order of arrival. */
  printed = ''
  readonly #name: string
  #ended = false

  constructor(program: string, args: readonly string[], { env, cwd }: ProgramOptions = {}) {
    this.#name = `${program} ${args.join(' ')}`
    this.child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'pipe', ...(cwd && { cwd }) })
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.printed += text
      })
    }
    this.child.stdin!.on('error', () => {}) // It may end without reading.
    this.exited = once(this.child, 'close').then(([code]) => {
      this.#ended = true
      return typeof code === 'number' ? code : -1
    })
  }

  type(text: string): void {
    this.child.stdin!.write(text)
  }

  /** Resolves with the match as soon as it has been printed; throws when the program ends before, or takes too long. */
  async untilPrinted(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    return until(
      `${this.#name} prints ${pattern}`,
      () => {
        const match = pattern.exec(this.printed)
        if (!match && this.#ended) throw new Error(`${this.#name} ended without ${pattern}:\n${this.printed}`)
        return match ?? undefined
      },
      { timeoutMs, describe: () => this.printed },
    )
  }

  /** Sends the signal and waits for the end. Does nothing when it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    if (!this.#ended) this.child.kill(signal)
    return this.exited
  }
}

export interface UntilOptions {
  readonly timeoutMs?: number
  readonly pollMs?: number
  /** Says what is so instead, for the error. */
  readonly describe?: () => unknown
}

/** Looks again and again until `look` answers something other than undefined or false. Throws after `timeoutMs`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeoutMs = 30_000, pollMs = 50, describe }: UntilOptions = {},
): Promise<T> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (systemClock.monotonicMs() > deadlineMs) {
      throw new Error(`not so after ${timeoutMs} ms: ${what}${describe ? `\n${await describe()}` : ''}`)
    }
    await systemClock.sleep(pollMs)
  }
}
