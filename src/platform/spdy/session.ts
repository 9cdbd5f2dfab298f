import { type Duplex, finished } from 'node:stream'
import type { Clock, Timer } from '../clock.ts'
import { dataHeader, encodeFrame, type Frame, FrameDecoder, rstStatus, SpdyProtocolError } from './frames.ts'
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from './headers.ts'
import { initialWindowBytes } from './send-window.ts'
import { type SessionSide, SpdyStream } from './stream.ts'

export interface SpdySessionOptions {
  /** The upgraded connection. What was read past the upgrade must have been put back (`unshift`). */
  readonly transport: Duplex
  readonly role: 'client' | 'server'
  /** Called for each stream the other side opens. It is answered right after; what this throws refuses the stream. */
  readonly onStream?: (stream: SpdyStream) => void
  /** Ends a session on which nothing moved for this long. */
  readonly idle?: { readonly clock: Clock; readonly timeoutMs: number }
}

/** How many streams may be open at a time. kubectl opens two for each forwarded connection. */
const maxStreams = 4096

interface PendingOpen {
  readonly stream: SpdyStream
  readonly resolve: (stream: SpdyStream) => void
  readonly reject: (error: Error) => void
}

/**
 * One SPDY/3.1 connection, either side of it. Never throws by itself: bad input ends the session, and `closed`
 * says so.
 *
 * Flow control: a side that grants windows says so with a SETTINGS frame, the first it sends. Then a slow reader holds
 * back its own stream alone. The peers that are out there (moby/spdystream, in kubectl, kubelets and containerd) send
 * and heed neither SETTINGS nor WINDOW_UPDATE; from them a session stops reading once more than a window waits for the
 * reader of one stream, and TCP does the rest. Windows are per stream; the session-wide one is never used up.
 */
export class SpdySession {
  /** Resolves when the connection is over; with the reason, if it did not end in order. Never rejects. */
  readonly closed: Promise<Error | undefined>
  readonly #transport: Duplex
  readonly #onStream: ((stream: SpdyStream) => void) | undefined
  readonly #streams = new Map<number, SpdyStream>()
  readonly #opening = new Map<number, PendingOpen>()
  readonly #pings = new Map<number, () => void>()
  readonly #encoder = new HeaderEncoder()
  readonly #decoder = new HeaderDecoder()
  readonly #isServer: boolean
  readonly #side: SessionSide
  #nextStreamId: number
  #nextPingId: number
  #lastRemoteId = 0
  #peerWindowBytes: number | undefined
  #goingAway = false
  /** The other side has. */
  #saidGoodbye = false
  #closing = false
  #lastActivityMs = 0
  #idleTimer: Timer | undefined

  constructor({ transport, role, onStream, idle }: SpdySessionOptions) {
    this.#transport = transport
    this.#onStream = onStream
    this.#isServer = role === 'server'
    this.#nextStreamId = this.#nextPingId = this.#isServer ? 2 : 1
    this.#side = {
      peerWindowBytes: () => this.#peerWindowBytes,
      sendData: (streamId, data, done) => this.#sendData(streamId, data, done),
      send: (frame) => this.#send(frame),
      forget: (streamId) => this.#forget(streamId),
    }
    // `run` reports errors of the transport; without a listener Node would end the process on a late one.
    transport.on('error', () => {})
    this.#send({ type: 'settings', initialWindowBytes })
    if (idle) this.#watchIdle(idle.clock, idle.timeoutMs)
    this.closed = this.#run(idle?.clock)
  }

  /** Resolves when the other side has accepted the stream; rejects when it refuses or the session ends. */
  openStream(headers: SpdyHeaders): Promise<SpdyStream> {
    if (this.#goingAway || this.#transport.destroyed) return Promise.reject(new Error('the SPDY session is closing'))
    const streamId = this.#nextStreamId
    this.#nextStreamId += 2
    const stream = new SpdyStream({ id: streamId, headers, session: this.#side })
    this.#streams.set(streamId, stream)
    return new Promise((resolve, reject) => {
      this.#opening.set(streamId, { stream, resolve, reject })
      this.#send({ type: 'synStream', streamId, fin: false, headerBlock: this.#encoder.encode(headers) })
    })
  }

  /** Resolves when the other side has answered, or the session is over. */
  ping(): Promise<void> {
    const id = this.#nextPingId
    this.#nextPingId += 2
    return new Promise((resolve) => {
      this.#pings.set(id, resolve)
      this.#send({ type: 'ping', id })
      this.closed.then(() => resolve(), resolve)
    })
  }

  /** Says goodbye and ends the connection once everything written so far is out. Open streams are cut. */
  close(): void {
    if (this.#closing || this.#transport.destroyed) return
    this.#closing = this.#goingAway = true
    this.#send({ type: 'goAway', lastStreamId: this.#lastRemoteId, status: 0 })
    for (const stream of [...this.#streams.values()]) stream.destroy()
    this.#transport.end()
    // The other side may keep its half open for ever; nothing it says now matters.
    finished(this.#transport, { readable: false }, () => this.#transport.destroy())
  }

  async #run(clock: Clock | undefined): Promise<Error | undefined> {
    let reason: Error | undefined
    try {
      const decoder = new FrameDecoder()
      for await (const chunk of this.#transport) {
        this.#lastActivityMs = clock?.monotonicMs() ?? 0
        for (const frame of decoder.push(chunk)) await this.#handle(frame)
      }
    } catch (error) {
      // After a goodbye it does not matter how the connection goes.
      if (!this.#goingAway) reason = error instanceof Error ? error : new Error(String(error))
    }
    this.#end(reason)
    return reason
  }

  #end(reason: Error | undefined): void {
    this.#idleTimer?.cancel()
    this.#goingAway = true
    const error = new Error('the SPDY session is over', { cause: reason })
    for (const { reject } of this.#opening.values()) reject(error)
    this.#opening.clear()
    for (const stream of [...this.#streams.values()]) {
      // After a goodbye nothing is missing, FIN or not: containerd leaves some streams just so.
      if (this.#saidGoodbye) stream.receiveReset()
      else stream.sessionEnded(error)
    }
    for (const answered of this.#pings.values()) answered()
    this.#decoder.close()
    this.#transport.destroy()
  }

  async #handle(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'synStream':
        return this.#accept(frame.streamId, frame.fin, await this.#decoder.decode(frame.headerBlock))
      case 'synReply':
        await this.#decoder.decode(frame.headerBlock)
        return this.#opened(frame.streamId, frame.fin)
      case 'headers':
        // Nobody sends these, but the block is part of the one zlib stream and must go through it.
        await this.#decoder.decode(frame.headerBlock)
        return
      case 'data':
        return this.#receive(frame.streamId, frame.data, frame.fin)
      case 'rstStream':
        return this.#reset(frame.streamId, frame.status)
      case 'ping':
        return this.#pinged(frame.id)
      case 'windowUpdate':
        return this.#grant(frame.streamId, frame.delta)
      case 'settings':
        this.#peerWindowBytes = frame.initialWindowBytes
        return
      case 'goAway':
        this.#goingAway = this.#saidGoodbye = true
        return this.#endWhenUnused()
    }
  }

  #accept(streamId: number, fin: boolean, headers: SpdyHeaders): void {
    const fromPeer = (streamId % 2 === 1) === this.#isServer
    if (!fromPeer || streamId <= this.#lastRemoteId) throw new SpdyProtocolError(`stream id ${streamId} out of turn`)
    this.#lastRemoteId = streamId
    if (this.#streams.size >= maxStreams || !this.#onStream || this.#goingAway) {
      this.#send({ type: 'rstStream', streamId, status: rstStatus.refusedStream })
      return
    }
    const stream = new SpdyStream({ id: streamId, headers, session: this.#side })
    this.#streams.set(streamId, stream)
    try {
      this.#onStream(stream)
    } catch {
      // The handler's way to refuse; it has told its own log why.
      stream.destroy()
      return
    }
    this.#send({ type: 'synReply', streamId, fin: false, headerBlock: this.#encoder.encode(new Map()) })
    if (fin) stream.receiveEnd()
  }

  #opened(streamId: number, fin: boolean): void {
    const pending = this.#opening.get(streamId)
    if (!pending) return
    this.#opening.delete(streamId)
    if (fin) pending.stream.receiveEnd()
    pending.resolve(pending.stream)
  }

  async #receive(streamId: number, data: Uint8Array, fin: boolean): Promise<void> {
    // No stream: it was reset on this side while these bytes were on their way.
    const stream = this.#streams.get(streamId)
    if (!stream) return
    if (data.length > 0) await stream.receive(data)
    if (fin) stream.receiveEnd()
  }

  #reset(streamId: number, status: number): void {
    const error = new Error(`the SPDY stream was reset by the other side (status ${status})`)
    const pending = this.#opening.get(streamId)
    this.#opening.delete(streamId)
    this.#streams.get(streamId)?.receiveReset()
    pending?.reject(error)
  }

  #pinged(id: number): void {
    const ours = (id % 2 === 0) === this.#isServer
    if (!ours) this.#send({ type: 'ping', id })
    this.#pings.get(id)?.()
    this.#pings.delete(id)
  }

  #grant(streamId: number, delta: number): void {
    this.#streams.get(streamId)?.window.grant(delta)
  }

  #forget(streamId: number): void {
    this.#streams.delete(streamId)
    this.#opening.get(streamId)?.reject(new Error('the SPDY stream was closed'))
    this.#opening.delete(streamId)
    if (this.#goingAway) this.#endWhenUnused()
  }

  #endWhenUnused(): void {
    if (this.#streams.size === 0) this.close()
  }

  #send(frame: Frame): void {
    if (this.#transport.writable) this.#transport.write(encodeFrame(frame))
  }

  #sendData(streamId: number, data: Uint8Array, done: (error?: Error | null) => void): void {
    if (!this.#transport.writable) {
      done(new Error('the SPDY session is over'))
      return
    }
    this.#transport.cork()
    this.#transport.write(dataHeader(streamId, data.length, false))
    this.#transport.write(data, done)
    this.#transport.uncork()
  }

  #watchIdle(clock: Clock, timeoutMs: number): void {
    this.#lastActivityMs = clock.monotonicMs()
    const look = () => {
      const leftMs = this.#lastActivityMs + timeoutMs - clock.monotonicMs()
      if (leftMs <= 0) return this.close()
      this.#idleTimer = clock.setTimer(leftMs, look).unref()
    }
    this.#idleTimer = clock.setTimer(timeoutMs, look).unref()
  }
}
