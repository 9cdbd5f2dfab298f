import { buffer } from 'node:stream/consumers'
import type { ClientTls } from '../../src/platform/http-upgrade.ts'
import { connectSpdyStreams } from '../../src/platform/remote-command/spdy-streams.ts'
import { type CommandOutcome, decodeOutcome } from '../../src/platform/remote-command/status.ts'
import type { RemoteCommandOptions, RemoteCommandStreams } from '../../src/platform/remote-command/streams.ts'
import { connectWebSocketStreams } from '../../src/platform/remote-command/websocket-streams.ts'

export interface CommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly outcome: CommandOutcome
}

export interface CommandTarget {
  readonly url: URL
  readonly tls?: ClientTls
}

/** How to reach a command: each speaks to the same server in its own way. */
export const commandTransports: Readonly<
  Record<string, (target: CommandTarget, streams: RemoteCommandOptions) => Promise<RemoteCommandStreams>>
> = {
  SPDY: (target, streams) => connectSpdyStreams(target, streams),
  'WebSocket v5.channel.k8s.io': webSocket('v5.channel.k8s.io'),
  'WebSocket v4.channel.k8s.io': webSocket('v4.channel.k8s.io'),
  'WebSocket v4.base64.channel.k8s.io': webSocket('v4.base64.channel.k8s.io'),
}

function webSocket(subprotocol: string) {
  return (target: CommandTarget, streams: RemoteCommandOptions) =>
    connectWebSocketStreams({ ...target, subprotocols: [subprotocol] }, streams)
}

/** Sends `stdin` and ends it, then reads everything the command says until it is over. */
export async function runCommand(streams: RemoteCommandStreams, stdin?: string | Uint8Array): Promise<CommandResult> {
  if (stdin !== undefined) streams.stdin?.end(stdin)
  const [stdout, stderr, error] = await Promise.all([
    streams.stdout ? buffer(streams.stdout) : '',
    streams.stderr ? buffer(streams.stderr) : '',
    buffer(streams.error),
  ])
  streams.close()
  return { stdout: String(stdout), stderr: String(stderr), outcome: decodeOutcome(String(error), streams.errorFormat) }
}
