import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { ServerUpgrade } from '../http-upgrade.ts'
import { type ChannelDirection, openChannels } from '../websocket/channels.ts'
import {
  acceptWebSocket,
  connectWebSocket,
  negotiateSubprotocol,
  type WebSocketTarget,
} from '../websocket/connection.ts'
import { type RemoteCommandOptions, type RemoteCommandStreams, type StreamName, wantedStreams } from './streams.ts'

/** The number of each stream's channel: file descriptors, then what has none. */
const channelOrder: readonly StreamName[] = ['stdin', 'stdout', 'stderr', 'error', 'resize']
const readByServer: readonly StreamName[] = ['stdin', 'resize']

interface Subprotocol {
  readonly encoding: 'binary' | 'base64'
  readonly errorFormat: 'status' | 'text'
  /** Standard input can end before the command does. */
  readonly closeSignal: boolean
}

export const streamCloseProtocol = 'v5.channel.k8s.io'

/** The empty name: the client asked for none. */
const subprotocols: Readonly<Record<string, Subprotocol>> = {
  [streamCloseProtocol]: { encoding: 'binary', errorFormat: 'status', closeSignal: true },
  'v4.channel.k8s.io': { encoding: 'binary', errorFormat: 'status', closeSignal: false },
  'v4.base64.channel.k8s.io': { encoding: 'base64', errorFormat: 'status', closeSignal: false },
  'channel.k8s.io': { encoding: 'binary', errorFormat: 'text', closeSignal: false },
  'base64.channel.k8s.io': { encoding: 'base64', errorFormat: 'text', closeSignal: false },
  '': { encoding: 'binary', errorFormat: 'text', closeSignal: false },
}

const closeNormal = 1000

/** The server's end. Undefined: the client was refused. */
export async function acceptWebSocketStreams(
  client: ServerUpgrade,
  options: RemoteCommandOptions,
): Promise<RemoteCommandStreams | undefined> {
  const name = negotiateSubprotocol(client, Object.keys(subprotocols))
  const socket = name === undefined ? undefined : await acceptWebSocket(client, name)
  if (!socket) return undefined
  const streams = streamsOver({ socket, name: name!, options, side: 'server' })
  // An empty message on the first stream that can carry one tells the client that it is connected.
  const first = streams.stdout ?? streams.stderr ?? streams.error
  first.write(Buffer.alloc(0))
  return streams
}

/** The client's end. Rejects with UpgradeRefusedError when the server says no. */
export async function connectWebSocketStreams(
  target: WebSocketTarget,
  options: RemoteCommandOptions,
): Promise<RemoteCommandStreams> {
  const { socket, subprotocol } = await connectWebSocket(target)
  return streamsOver({ socket, name: subprotocol, options, side: 'client' })
}

function streamsOver(connection: {
  socket: WebSocket
  name: string
  options: RemoteCommandOptions
  side: 'client' | 'server'
}): RemoteCommandStreams {
  const { socket, name, options, side } = connection
  const subprotocol = subprotocols[name]
  if (!subprotocol) throw new Error(`the server chose the unknown subprotocol ${name}`)
  const wanted = wantedStreams(options)
  const directions = channelOrder.map((stream): ChannelDirection => {
    if (!wanted.includes(stream)) return 'ignore'
    return readByServer.includes(stream) === (side === 'server') ? 'read' : 'write'
  })
  const closeSignal = side === 'server' ? 'heed' : 'send'
  const channels = openChannels({
    socket,
    directions,
    encoding: subprotocol.encoding,
    closeSignal: subprotocol.closeSignal ? closeSignal : 'none',
  })
  const byName: Partial<Record<StreamName, Duplex>> = {}
  for (const stream of wanted) byName[stream] = channels[channelOrder.indexOf(stream)]!
  return {
    ...byName,
    error: byName.error!,
    errorFormat: subprotocol.errorFormat,
    closed: new Promise((resolve) => socket.on('close', resolve)),
    close: () => socket.close(closeNormal),
  }
}
