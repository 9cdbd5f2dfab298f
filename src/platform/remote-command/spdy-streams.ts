import type { Clock } from '../clock.ts'
import type { ServerUpgrade } from '../http-upgrade.ts'
import type { SpdySession } from '../spdy/session.ts'
import type { SpdyStream } from '../spdy/stream.ts'
import { acceptSpdy, connectSpdy, negotiateSpdyProtocol, type SpdyTarget } from '../spdy/upgrade.ts'
import { type RemoteCommandOptions, type RemoteCommandStreams, type StreamName, wantedStreams } from './streams.ts'

interface SpdyProtocol {
  readonly errorFormat: 'status' | 'text'
  readonly resize: boolean
}

/** Best first. Version 1 is gone from every client since Kubernetes 1.1. */
const protocols: Readonly<Record<string, SpdyProtocol>> = {
  'v4.channel.k8s.io': { errorFormat: 'status', resize: true },
  'v3.channel.k8s.io': { errorFormat: 'text', resize: true },
  'v2.channel.k8s.io': { errorFormat: 'text', resize: false },
}

const streamTypeHeader = 'streamtype'
/** After cri-streaming DefaultStreamCreationTimeout. */
const streamCreationTimeoutMs = 30_000

/** The server's end, once the client has opened all its streams. Undefined: it was refused, or did not in 30 s. */
export async function acceptSpdyStreams(
  client: ServerUpgrade,
  options: RemoteCommandOptions,
  clock: Clock,
): Promise<RemoteCommandStreams | undefined> {
  const name = negotiateSpdyProtocol(client, Object.keys(protocols))
  if (name === undefined) return undefined
  const protocol = protocols[name]!
  const wanted = wantedFor(protocol, options)
  const streams = new Map<string, SpdyStream>()
  const complete = Promise.withResolvers<'complete'>()
  const onStream = (stream: SpdyStream) => {
    const type = stream.headers.get(streamTypeHeader) ?? ''
    if (streams.has(type)) throw new Error(`a second ${type} stream`)
    streams.set(type, stream)
    if (wanted.every((stream) => streams.has(stream))) complete.resolve('complete')
  }
  const session = acceptSpdy(client, name, { onStream })
  if (!session) return undefined
  const timer = clock.setTimer(streamCreationTimeoutMs, () => session.close())
  const outcome = await Promise.race([complete.promise, session.closed])
  timer.cancel()
  return outcome === 'complete' ? streamsOver({ session, streams, wanted, protocol }) : undefined
}

/** The client's end. Rejects with UpgradeRefusedError when the server says no. */
export async function connectSpdyStreams(
  target: Omit<SpdyTarget, 'protocols'>,
  options: RemoteCommandOptions,
): Promise<RemoteCommandStreams> {
  const { session, protocol: name } = await connectSpdy({ ...target, protocols: Object.keys(protocols) })
  try {
    const protocol = protocols[name]
    if (!protocol) throw new Error(`the server chose the unknown protocol ${JSON.stringify(name)}`)
    const streams = new Map<string, SpdyStream>()
    const wanted = wantedFor(protocol, options)
    for (const type of wanted) streams.set(type, await session.openStream(new Map([[streamTypeHeader, type]])))
    // Nothing is sent on the error stream from this side; upstream's client says so at once.
    streams.get('error')?.end()
    return streamsOver({ session, streams, wanted, protocol })
  } catch (error) {
    session.close()
    throw error
  }
}

function wantedFor(protocol: SpdyProtocol, options: RemoteCommandOptions): StreamName[] {
  return wantedStreams(options).filter((stream) => stream !== 'resize' || protocol.resize)
}

function streamsOver(connection: {
  session: SpdySession
  streams: ReadonlyMap<string, SpdyStream>
  wanted: readonly StreamName[]
  protocol: SpdyProtocol
}): RemoteCommandStreams {
  const { session, streams, wanted, protocol } = connection
  const byName: Partial<Record<StreamName, SpdyStream>> = {}
  for (const stream of wanted) byName[stream] = streams.get(stream)!
  return {
    ...byName,
    error: byName.error!,
    errorFormat: protocol.errorFormat,
    closed: session.closed,
    close: () => session.close(),
  }
}
