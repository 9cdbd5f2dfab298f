import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock, Timer } from '../clock.ts'
import type { SpdyStream } from '../spdy/stream.ts'
import { parsePort, portForwardHeaders } from './protocol.ts'

/** Opens a connection to a port of what is forwarded to. The text of what it throws reaches the client. */
export type DialPort = (port: number) => Promise<Duplex>

export interface ForwardOptions {
  readonly dial: DialPort
  readonly clock: Clock
  /** What stands before an error, after the port: `to pod web_default, uid …`. */
  readonly target: string
}

/** The two streams of one forwarded connection, as they come. */
interface StreamPair {
  data?: SpdyStream
  error?: SpdyStream
  timer: Timer
}

/** After cri-streaming DefaultStreamCreationTimeout. */
const streamCreationTimeoutMs = 30_000

/**
 * Takes the streams of a port-forward session: pairs data and error streams by their request id, dials, and joins.
 * The result is the session's `onStream`. After cri-streaming portforward/httpstream.go.
 */
export function forwardStreams(options: ForwardOptions): (stream: SpdyStream) => void {
  const pairs = new Map<string, StreamPair>()
  return (stream) => {
    const type = streamTypeOf(stream)
    const id = requestIdOf(stream, type)
    const pair = pairs.get(id) ?? newPair(options.clock, pairs, id)
    if (pair[type]) throw new Error(`error processing stream for request ${id}: ${type} stream already assigned`)
    pair[type] = stream
    if (!pair.data || !pair.error) return
    pair.timer.cancel()
    pairs.delete(id)
    // Nothing comes on an error stream from the client but its end.
    pair.error.resume()
    void forward(options, pair.data, pair.error)
  }
}

function newPair(clock: Clock, pairs: Map<string, StreamPair>, id: string): StreamPair {
  const timer = clock.setTimer(streamCreationTimeoutMs, () => {
    pairs.delete(id)
    pair.error?.end(`(request=${id}) timed out waiting for streams`)
    pair.data?.destroy()
  })
  const pair: StreamPair = { timer: timer.unref() }
  pairs.set(id, pair)
  return pair
}

function streamTypeOf(stream: SpdyStream): 'data' | 'error' {
  const portText = stream.headers.get(portForwardHeaders.port)
  if (!portText) throw new Error('"port" header is required')
  const port = parsePort(portText)
  if ('refused' in port) throw new Error(port.refused)
  const type = stream.headers.get(portForwardHeaders.streamType)
  if (!type) throw new Error('"streamType" header is required')
  if (type !== 'data' && type !== 'error') throw new Error(`invalid stream type "${type}"`)
  return type
}

/** Clients before Kubernetes 1.3 send no request id, but open the error stream just before the data stream. */
function requestIdOf(stream: SpdyStream, type: 'data' | 'error'): string {
  return stream.headers.get(portForwardHeaders.requestId) || String(type === 'error' ? stream.id : stream.id - 2)
}

/** Never rejects: what goes wrong is told on the error stream. */
async function forward({ dial, target }: ForwardOptions, data: SpdyStream, error: SpdyStream): Promise<void> {
  const port = Number(data.headers.get(portForwardHeaders.port))
  try {
    const connection = await dial(port)
    await joinHalves(data, connection)
    error.end()
  } catch (reason) {
    const why = reason instanceof Error ? reason.message : String(reason)
    error.end(`error forwarding port ${port} ${target}: ${why}`)
    data.destroy()
  }
}

/**
 * Copies both ways. A client may end its half and wait for the answer; once the server has ended its own, it is over:
 * what a client still sends then goes nowhere, as upstream.
 */
async function joinHalves(data: Duplex, connection: Duplex): Promise<void> {
  const sending = pipeline(data, connection)
  const receiving = pipeline(connection, data)
  // A client that hangs up while the server still sends is no failure of the forwarding.
  await receiving.catch(() => {})
  connection.destroy()
  await sending.catch(() => {})
  data.resume()
}
