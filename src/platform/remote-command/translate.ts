import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ServerUpgrade, UpgradeRefusedError, type UpgradeTarget } from '../http-upgrade.ts'
import { isWebSocketRequest, offeredSubprotocols } from '../websocket/connection.ts'
import { connectSpdyStreams } from './spdy-streams.ts'
import { encodeOutcome } from './status.ts'
import type { RemoteCommandOptions, RemoteCommandStreams } from './streams.ts'
import { acceptWebSocketStreams, streamCloseProtocol } from './websocket-streams.ts'

/** Whether a client speaks version 5, which runtimes such as containerd 1.6 and older kubelets do not. */
export function needsTranslation(request: IncomingMessage): boolean {
  return isWebSocketRequest(request) && offeredSubprotocols(request).includes(streamCloseProtocol)
}

/**
 * Serves a WebSocket client out of a SPDY server: exec and attach through what knows SPDY only. Resolves when it is
 * over; a target that cannot be reached or says no is told to the client on its error stream, as upstream does.
 * After apiserver util/proxy StreamTranslatorHandler.
 */
export async function translateRemoteCommand(
  client: ServerUpgrade,
  target: UpgradeTarget,
  options: RemoteCommandOptions,
): Promise<void> {
  const outside = await acceptWebSocketStreams(client, options)
  if (!outside) return
  try {
    const inside = await connectSpdyStreams(target, options)
    await join(outside, inside)
  } catch (error) {
    await finish(outside.error, encodeOutcome({ kind: 'failed', message: failureOf(error) }))
  } finally {
    outside.close()
  }
}

function failureOf(error: unknown): string {
  if (error instanceof UpgradeRefusedError) return error.message
  return `error sending request: ${error instanceof Error ? error.message : String(error)}`
}

/** Ends when the command has: its output is through and the error stream has said how it went. */
async function join(outside: RemoteCommandStreams, inside: RemoteCommandStreams): Promise<void> {
  void outside.closed.then(() => inside.close())
  detach(outside.stdin, inside.stdin)
  detach(outside.resize, inside.resize)
  // Handled from the start on: a copy may break off while the status is still awaited.
  const output = Promise.allSettled([copy(inside.stdout, outside.stdout), copy(inside.stderr, outside.stderr)])
  const status = await read(inside.error)
  await output
  await finish(outside.error, status || encodeOutcome({ kind: 'exited', code: 0 }))
  inside.close()
}

async function copy(from: Duplex | undefined, to: Duplex | undefined): Promise<void> {
  if (from && to) await pipeline(from, to)
}

/** Input goes on by itself. A command that ends without reading all of it is no error. */
function detach(from: Duplex | undefined, to: Duplex | undefined): void {
  copy(from, to).catch(() => {})
}

/** The longest Status taken. */
const maxStatusBytes = 64 * 1024

async function read(stream: Duplex): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of stream) {
    size += part.length
    if (size > maxStatusBytes) throw new Error('the error stream is too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function finish(stream: Duplex, text: string): Promise<void> {
  return new Promise((resolve) => {
    // A client that is gone already needs no status.
    stream.once('error', () => resolve())
    stream.end(text, () => resolve())
  })
}
