import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { systemClock } from '../../src/platform/clock.ts'
import type { ServerUpgrade } from '../../src/platform/http-upgrade.ts'
import { acceptRemoteCommand } from '../../src/platform/remote-command/accept.ts'
import { type CommandOutcome, encodeOutcome } from '../../src/platform/remote-command/status.ts'
import type { RemoteCommandOptions, RemoteCommandStreams } from '../../src/platform/remote-command/streams.ts'

/** A container runtime's streaming server, with a few commands of its own instead of containers. */
export interface StreamingRuntime {
  /** Where the streams of a command are served, as CRI Exec answers it. */
  urlFor(command: readonly string[], streams: RemoteCommandOptions): string
  close(): Promise<void>
}

type Command = (streams: RemoteCommandStreams, args: readonly string[]) => Promise<CommandOutcome>

const exited = (code: number): CommandOutcome => ({ kind: 'exited', code })

/** What the made-up containers can run. */
const commands: Readonly<Record<string, Command>> = {
  async echo({ stdout }, args) {
    await write(stdout, `${args.join(' ')}\n`)
    return exited(0)
  },
  async warn({ stdout, stderr }, args) {
    await write(stdout, 'out\n')
    await write(stderr, `${args.join(' ')}\n`)
    return exited(0)
  },
  async cat({ stdin, stdout }) {
    if (stdin && stdout) await pipeline(stdin, stdout)
    return exited(0)
  },
  async exit(_streams, [code]) {
    return exited(Number(code))
  },
  async size({ resize, stdout }) {
    for await (const part of resize ?? []) {
      await write(stdout, String(part))
      break
    }
    return exited(0)
  },
}

export async function startStreamingRuntime(): Promise<StreamingRuntime> {
  const sockets = new Set<Duplex>()
  const server = createServer((_request, response) => response.writeHead(404).end('not found'))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => void serve({ request, socket, head }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    urlFor: (command, streams) => {
      const call = encodeURIComponent(JSON.stringify({ command, streams }))
      return `http://127.0.0.1:${port}/exec/${call}`
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function serve(client: ServerUpgrade): Promise<void> {
  const call = decodeURIComponent(client.request.url!.slice('/exec/'.length))
  const { command, streams: wanted } = JSON.parse(call) as { command: string[]; streams: RemoteCommandOptions }
  const streams = await acceptRemoteCommand(client, wanted, systemClock)
  if (!streams) return
  const outcome = await (commands[command[0]!] ?? notFound)(streams, command.slice(1))
  const encoded = streams.errorFormat === 'status' ? encodeOutcome(outcome) : textOf(outcome)
  await Promise.all([end(streams.stdout), end(streams.stderr), end(streams.error, encoded)])
  streams.close()
}

const notFound: Command = async () => ({ kind: 'failed', message: 'executable file not found in $PATH' })

function textOf(outcome: CommandOutcome): string {
  if (outcome.kind === 'failed') return outcome.message
  return outcome.code === 0 ? '' : `exit status ${outcome.code}`
}

async function write(stream: Duplex | undefined, text: string): Promise<void> {
  if (stream && !stream.write(text)) await once(stream, 'drain')
}

function end(stream: Duplex | undefined, text = ''): Promise<void> {
  return new Promise((resolve) => {
    if (!stream || stream.writableEnded) return resolve()
    stream.once('error', () => resolve())
    stream.end(text, () => resolve())
  })
}
