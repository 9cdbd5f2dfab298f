import { rmSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'

/**
 * A unix socket by which a kubets process is reached on its own machine: `kubets status`, `down` and `backup` talk to
 * the server, the server to its agents. One JSON line asks, one answers. Only the owner of the folder gets in.
 * An open connection also tells at once, without polling, when the process behind it is gone.
 */
export interface ControlSocket {
  close(): Promise<void>
}

export type ControlCommand = { readonly command: string; readonly [argument: string]: unknown }
export type ControlHandlers = Readonly<Record<string, (request: ControlCommand) => Promise<unknown>>>

type ControlAnswer = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: string }

const longestLineBytes = 64 * 1024

/**
 * Listens on `path`. Resolves to `undefined` when a living process already listens there; a socket file that a killed
 * process left behind is replaced.
 */
export async function listenOnControlSocket(
  path: string,
  handlers: ControlHandlers,
): Promise<ControlSocket | undefined> {
  if (await isListening(path)) return undefined
  rmSync(path, { force: true })
  const connections = new Set<Socket>()
  const server = createServer((socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    serve(socket, handlers)
  })
  await listen(server, path)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of connections) socket.destroy()
      }),
  }
}

/** Sends one command and resolves to its result. Throws when nobody listens, or with the other side's sentence. */
export async function control(path: string, request: ControlCommand): Promise<unknown> {
  const socket = await connect(path)
  try {
    socket.write(`${JSON.stringify(request)}\n`)
    const answer = await firstLine(socket)
    const parsed = JSON.parse(answer) as ControlAnswer
    if (!parsed.ok) throw new Error(parsed.error)
    return parsed.result
  } finally {
    socket.destroy()
  }
}

/** Whether a living process listens on `path`. */
export async function isListening(path: string): Promise<boolean> {
  const socket = await connect(path).catch(() => undefined)
  socket?.destroy()
  return socket !== undefined
}

/** Resolves when the process that listens on `path` is gone (at once if nobody does), or when `signal` aborts. */
export async function gone(path: string, signal: AbortSignal): Promise<void> {
  const socket = await connect(path).catch(() => undefined)
  if (!socket) return
  await new Promise<void>((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done)
      socket.destroy()
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    socket.on('close', done)
    socket.on('error', done)
    socket.resume()
    if (signal.aborted) done()
  })
}

function connect(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
}

function serve(socket: Socket, handlers: ControlHandlers): void {
  socket.on('error', () => socket.destroy())
  firstLine(socket).then(
    async (line) => socket.end(`${JSON.stringify(await answer(line, handlers))}\n`),
    () => socket.destroy(), // Closed without asking: somebody only wants to know when we are gone.
  )
}

async function answer(line: string, handlers: ControlHandlers): Promise<ControlAnswer> {
  try {
    const request = JSON.parse(line) as ControlCommand
    const handler = Object.hasOwn(handlers, request.command) ? handlers[request.command] : undefined
    if (!handler) return { ok: false, error: `unknown command ${JSON.stringify(request.command)}` }
    return { ok: true, result: (await handler(request)) ?? null }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
      else if (text.length > longestLineBytes) reject(new Error('the line is too long'))
    })
    socket.on('close', () => reject(new Error('the other side closed the connection without an answer')))
  })
}
