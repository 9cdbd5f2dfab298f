import { Duplex } from 'node:stream'
import { type Frame, rstStatus } from './frames.ts'
import type { SpdyHeaders } from './headers.ts'
import { initialWindowBytes, SendWindow } from './send-window.ts'

/** What a stream needs of its session. */
export interface SessionSide {
  /** What may be sent on a stream before the first grant; undefined if the other side never grants: TCP holds back. */
  readonly peerWindowBytes: () => number | undefined
  send(frame: Frame): void
  /** `done` is called when the bytes have left this process: that is what holds back a fast writer. */
  sendData(streamId: number, data: Uint8Array, done: (error?: Error | null) => void): void
  forget(streamId: number): void
}

/** What a reader has taken is granted anew in steps of this size. */
const windowStepBytes = 32 * 1024
/** Long writes are cut, so that streams of one session take turns. */
const maxDataFrameBytes = 32 * 1024

/**
 * One stream: a Duplex whose halves end apart, as FIN asks. `destroy` resets it. An error shows to whoever reads or
 * pipes it; one that nobody listens to is no reason to end the process, hence the listener.
 */
export class SpdyStream extends Duplex {
  readonly id: number
  readonly headers: SpdyHeaders
  readonly window: SendWindow
  readonly #session: SessionSide
  #unacknowledgedBytes = 0
  #resume: (() => void) | undefined
  #receivedEnd = false
  #sentEnd = false
  #gone = false

  constructor({ id, headers, session }: { id: number; headers: SpdyHeaders; session: SessionSide }) {
    super({ readableHighWaterMark: initialWindowBytes, allowHalfOpen: true })
    this.id = id
    this.headers = headers
    this.#session = session
    this.window = new SendWindow(session.peerWindowBytes)
    this.on('error', () => {})
  }

  /** Bytes from the session. Resolves when there is room for more. */
  async receive(data: Uint8Array): Promise<void> {
    if (this.#receivedEnd || this.destroyed) return
    this.#unacknowledgedBytes += data.length
    // A copy, since `data` is a view of the connection's read buffer that would be kept alive by a slow reader.
    this.push(Buffer.from(data))
    this.#acknowledge()
    // A peer that controls its flow never has more than a window on the way, and must not be made to wait here: behind
    // its data come the grants that this side's own writers wait for.
    if (this.readableLength <= initialWindowBytes) return
    await new Promise<void>((resolve) => {
      this.#resume = resolve
    })
  }

  /** Every way of reading comes through here, so what a reader has really taken is known right after. */
  override read(size?: number): Buffer | null {
    const chunk = super.read(size)
    this.#acknowledge()
    return chunk
  }

  #acknowledge(): void {
    if (this.readableLength <= initialWindowBytes) {
      this.#resume?.()
      this.#resume = undefined
    }
    // Who does not control its flow must not be sent grants either: what such a server (containerd) has not read when it
    // closes turns its close into a reset, and that drops the end of its answer on the way.
    if (this.#session.peerWindowBytes() === undefined) return
    const taken = this.#unacknowledgedBytes - this.readableLength
    if (taken < windowStepBytes || this.#gone) return
    this.#unacknowledgedBytes -= taken
    this.#session.send({ type: 'windowUpdate', streamId: this.id, delta: taken })
  }

  receiveEnd(): void {
    if (this.#receivedEnd || this.destroyed) return
    this.#receivedEnd = true
    this.push(null)
  }

  /**
   * The other side will neither send nor read any more. What it sent before is still there to be read, and ends like
   * any other stream: containerd resets the error stream right after its last word. A writer gets an error.
   */
  receiveReset(): void {
    this.#gone = true
    this.receiveEnd()
    this.end()
    this.window.grant(0)
  }

  /** The connection is gone. A stream that had not come to its end is cut off, and its reader must know. */
  sessionEnded(error: Error): void {
    if (this.#receivedEnd) {
      this.receiveReset()
      return
    }
    this.#gone = true
    this.destroy(error)
  }

  /** Data comes when the other side sends it; `#acknowledge` is what asks for more. */
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#gone) {
      callback(new Error('the SPDY stream is closed'))
      return
    }
    const wanted = Math.min(chunk.length, maxDataFrameBytes)
    const size = this.window.available(wanted)
    if (size === 0 && chunk.length > 0) {
      this.window.onGrant(() => this._write(chunk, _encoding, callback))
      return
    }
    this.window.take(size)
    this.#session.sendData(this.id, chunk.subarray(0, size), (error) => {
      if (error || size === chunk.length) callback(error)
      else this._write(chunk.subarray(size), _encoding, callback)
    })
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#sentEnd = true
    if (!this.#gone) this.#session.send({ type: 'data', streamId: this.id, fin: true, data: Buffer.alloc(0) })
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const open = !this.#receivedEnd || !this.#sentEnd
    if (open && !this.#gone) {
      this.#session.send({ type: 'rstStream', streamId: this.id, status: rstStatus.cancel })
    }
    this.#gone = true
    this.#resume?.()
    this.#resume = undefined
    this.#session.forget(this.id)
    callback(error)
  }
}
