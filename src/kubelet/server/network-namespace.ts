import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Where a Pod's ports are: the node's own network, or a namespace named by a path such as `/proc/PID/ns/net`. */
export type NetworkNamespace = { readonly kind: 'host' } | { readonly kind: 'path'; readonly path: string }

/** Opens connections to `localhost` of one Pod's network. */
export interface NamespaceDialer {
  dial(port: number): Promise<Socket>
  close(): void
}

const loopbackAddresses = ['127.0.0.1', '::1']

/**
 * A socket belongs for ever to the network namespace it was made in, whoever holds it afterwards. So a small process
 * is started inside the Pod's namespace; it connects there and hands each connected socket over Node's IPC channel.
 * From then on no byte passes through it. Alternatives that were weighed: the Pod's IP does not reach what listens on
 * 127.0.0.1 alone; socat and netcat are extra packages; bash's /dev/tcp cannot end one direction; a relay that copies
 * bytes costs twice the work. nsenter is in util-linux, which every Debian has.
 */
export function namespaceDialer(namespace: NetworkNamespace): NamespaceDialer {
  return namespace.kind === 'host' ? hostDialer : new PathDialer(namespace.path)
}

const hostDialer: NamespaceDialer = { dial: (port) => connectLocal(port), close: () => {} }

/** As upstream, IPv4 first. Fails with the error of the first address, the likelier one to be meant. */
async function connectLocal(port: number): Promise<Socket> {
  const errors: unknown[] = []
  for (const host of loopbackAddresses) {
    const socket = connect({ host, port, allowHalfOpen: true })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      errors.push(error)
    }
  }
  throw errors[0]
}

/**
 * What runs inside the namespace, as text: it must be there in a bundle as well. Paused before it connects, so that
 * not even the greeting of a server that speaks first is read here. The socket is destroyed once the parent has it.
 */
const dialerSource = `
const net = require('node:net')
const tryNext = (id, port, hosts, first) => {
  if (hosts.length === 0) return process.send({ id, error: first.message })
  const socket = new net.Socket({ allowHalfOpen: true })
  socket.pause()
  const fail = (error) => tryNext(id, port, hosts.slice(1), first ?? error)
  socket.once('error', fail)
  socket.connect(port, hosts[0], () => {
    socket.off('error', fail).on('error', () => {})
    process.send({ id }, socket)
  })
}
process.on('message', ({ id, port }) => tryNext(id, port, ${JSON.stringify(loopbackAddresses)}))
process.on('disconnect', () => process.exit())
`

interface Reply {
  readonly id: number
  readonly error?: string
}

interface Waiting {
  readonly resolve: (socket: Socket) => void
  readonly reject: (error: Error) => void
}

class PathDialer implements NamespaceDialer {
  readonly #path: string
  readonly #waiting = new Map<number, Waiting>()
  #child: ChildProcess | undefined
  #nextId = 0

  constructor(path: string) {
    this.#path = path
  }

  dial(port: number): Promise<Socket> {
    this.#child ??= this.#start()
    const child = this.#child
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      // Who cannot be told is ending: its `close` settles this with its own words, which say more than EPIPE.
      child.send({ id, port }, (error) => error && child.kill())
    })
  }

  close(): void {
    this.#child?.kill()
  }

  /** Started with the first connection: many a session is opened and never used. */
  #start(): ChildProcess {
    const child = spawn('nsenter', [`--net=${this.#path}`, '--', process.execPath, '--eval', dialerSource], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {},
    })
    let complaint = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      if (complaint.length < 1000) complaint += chunk
    })
    child.on('message', (reply: Reply, socket: unknown) => this.#settle(reply, socket as Socket | undefined))
    const over = (error: Error) => {
      if (this.#child === child) this.#child = undefined
      for (const id of [...this.#waiting.keys()]) this.#settle({ id, error: error.message })
    }
    child.on('error', over)
    child.on('close', () => over(new Error(complaint.trim() || "the dialer in the pod's network ended")))
    return child
  }

  #settle({ id, error }: Reply, socket?: Socket): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (!waiting) socket?.destroy()
    else if (error !== undefined || !socket) waiting.reject(new Error(error ?? 'the dialer sent no socket'))
    else waiting.resolve(socket)
  }
}
