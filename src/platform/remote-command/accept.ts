import type { Clock } from '../clock.ts'
import type { ServerUpgrade } from '../http-upgrade.ts'
import { isWebSocketRequest } from '../websocket/connection.ts'
import { acceptSpdyStreams } from './spdy-streams.ts'
import type { RemoteCommandOptions, RemoteCommandStreams } from './streams.ts'
import { acceptWebSocketStreams } from './websocket-streams.ts'

/** The server's end of an exec or attach over whichever transport the client asks for. Undefined: it was refused. */
export function acceptRemoteCommand(
  client: ServerUpgrade,
  options: RemoteCommandOptions,
  clock: Clock,
): Promise<RemoteCommandStreams | undefined> {
  if (isWebSocketRequest(client.request)) return acceptWebSocketStreams(client, options)
  return acceptSpdyStreams(client, options, clock)
}
