import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Address {
  readonly address: string
  readonly port: number
}

export type Request =
  | { readonly op: 'serveTcp' | 'serveUdp'; readonly port: number }
  | ({ readonly op: 'tcp'; readonly localAddress?: string } & Address)
  | ({ readonly op: 'tcpUntilStopped' } & Address)
  | ({ readonly op: 'udp'; readonly localPort?: number } & Address)
  | { readonly op: 'stop' }

/** Who answered and which client it saw, or the error's code. */
export interface Answer {
  readonly server?: string
  readonly client?: string
  readonly error?: string
  readonly count?: number
  readonly failures?: readonly string[]
}

/** A process in a network namespace that serves and connects on demand. */
export class Peer {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #lastId = 0

  private constructor(child: ChildProcess) {
    this.#child = child
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const { id, answer } = JSON.parse(line) as { id: number; answer: Answer }
      this.#waiting.get(id)?.(answer)
      this.#waiting.delete(id)
    })
  }

  /** Starts in the namespace; resolves when it listens for requests. */
  static async start(namespace: string, name: string = namespace): Promise<Peer> {
    const program = fileURLToPath(new URL('peer-program.ts', import.meta.url))
    const args = ['netns', 'exec', namespace, process.execPath, program, name]
    const peer = new Peer(spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    await peer.#answer(0)
    return peer
  }

  ask(request: Request): Promise<Answer> {
    const id = ++this.#lastId
    const answer = this.#answer(id)
    this.#child.stdin!.write(`${JSON.stringify({ id, request })}\n`)
    return answer
  }

  tcp(address: string, port: number): Promise<Answer> {
    return this.ask({ op: 'tcp', address, port })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      this.#child.stdin!.end()
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) resolve()
    })
  }

  #answer(id: number): Promise<Answer> {
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }
}
