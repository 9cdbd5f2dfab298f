/**
 * The frames of SPDY/3.1 as bytes, without any state of a session. After the SPDY protocol draft 3.1.
 * Header blocks stay compressed here; `headers.ts` reads them.
 */

export type Frame =
  | { type: 'synStream'; streamId: number; fin: boolean; headerBlock: Uint8Array }
  | { type: 'synReply'; streamId: number; fin: boolean; headerBlock: Uint8Array }
  | { type: 'headers'; streamId: number; fin: boolean; headerBlock: Uint8Array }
  | { type: 'rstStream'; streamId: number; status: number }
  | { type: 'ping'; id: number }
  | { type: 'goAway'; lastStreamId: number; status: number }
  /** The only setting that means something here is the window each stream starts with. */
  | { type: 'settings'; initialWindowBytes: number }
  | { type: 'windowUpdate'; streamId: number; delta: number }
  /** A piece of a DATA frame: large ones arrive in several pieces, so that none has to be held whole. */
  | { type: 'data'; streamId: number; fin: boolean; data: Uint8Array }

/** The other side broke the protocol; the session cannot go on. */
export class SpdyProtocolError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SpdyProtocolError'
  }
}

export const rstStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5, internalError: 6 } as const

const version = 3
const frameHeaderBytes = 8
const flagFin = 0x01
const maxStreamId = 0x7fffffff
/** DATA frames have a 24-bit length, and so has every other frame. */
export const maxFrameBytes = 0xffffff
/** Control frames carry a handful of short headers; what is larger is refused instead of buffered. */
const maxControlFrameBytes = 64 * 1024

const controlTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const

const settingBytes = 8
const initialWindowSetting = 7

type ControlFrame = Exclude<Frame, { type: 'data' }>
type Parser = { minimumBytes: number; parse: (body: Buffer, flags: number) => ControlFrame | 'skipped' }

/** By the number of the control frame. Types not known here are skipped, as the specification asks. */
const parsers: Readonly<Record<number, Parser>> = {
  [controlTypes.synStream]: {
    minimumBytes: 10,
    parse: (body, flags) => ({ type: 'synStream', ...streamAndFin(body, flags), headerBlock: body.subarray(10) }),
  },
  [controlTypes.synReply]: {
    minimumBytes: 4,
    parse: (body, flags) => ({ type: 'synReply', ...streamAndFin(body, flags), headerBlock: body.subarray(4) }),
  },
  [controlTypes.headers]: {
    minimumBytes: 4,
    parse: (body, flags) => ({ type: 'headers', ...streamAndFin(body, flags), headerBlock: body.subarray(4) }),
  },
  [controlTypes.rstStream]: {
    minimumBytes: 8,
    parse: (body) => ({ type: 'rstStream', streamId: streamIdAt(body, 0), status: body.readUInt32BE(4) }),
  },
  [controlTypes.settings]: { minimumBytes: 4, parse: parseSettings },
  [controlTypes.ping]: { minimumBytes: 4, parse: (body) => ({ type: 'ping', id: body.readUInt32BE(0) }) },
  [controlTypes.goAway]: {
    minimumBytes: 8,
    parse: (body) => ({ type: 'goAway', lastStreamId: streamIdAt(body, 0), status: body.readUInt32BE(4) }),
  },
  [controlTypes.windowUpdate]: {
    minimumBytes: 8,
    parse: (body) => ({
      type: 'windowUpdate',
      streamId: streamIdAt(body, 0),
      delta: body.readUInt32BE(4) & maxStreamId,
    }),
  },
}

function parseSettings(body: Buffer): ControlFrame | 'skipped' {
  const count = Math.min(body.readUInt32BE(0), Math.floor((body.length - 4) / settingBytes))
  for (let offset = 4; offset < 4 + count * settingBytes; offset += settingBytes) {
    // One byte of flags, three of the setting's id, four of its value.
    if (body.readUIntBE(offset + 1, 3) === initialWindowSetting) {
      return { type: 'settings', initialWindowBytes: body.readUInt32BE(offset + 4) }
    }
  }
  return 'skipped'
}

function streamIdAt(body: Buffer, offset: number): number {
  return body.readUInt32BE(offset) & maxStreamId
}

function streamAndFin(body: Buffer, flags: number) {
  return { streamId: streamIdAt(body, 0), fin: (flags & flagFin) !== 0 }
}

/** Cuts a byte stream into frames. Holds at most one control frame; throws SpdyProtocolError on what is none. */
export class FrameDecoder {
  #pending: Buffer = Buffer.alloc(0)
  /** The DATA frame whose bytes are passing through now. */
  #data: { streamId: number; fin: boolean; remaining: number } | undefined;

  /** The frames that are complete with `chunk`. Must be iterated to its end before the next call. */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk])
    for (;;) {
      const frame = this.#data ? this.#nextData(this.#data) : this.#next()
      if (frame === 'incomplete') return
      if (frame !== 'skipped') yield frame
    }
  }

  #next(): Frame | 'incomplete' | 'skipped' {
    if (this.#pending.length < frameHeaderBytes) return 'incomplete'
    const first = this.#pending.readUInt32BE(0)
    const flags = this.#pending.readUInt8(4)
    const length = this.#pending.readUIntBE(5, 3)
    if (first >>> 31 === 0) {
      this.#pending = this.#pending.subarray(frameHeaderBytes)
      this.#data = { streamId: first, fin: (flags & flagFin) !== 0, remaining: length }
      return this.#nextData(this.#data)
    }
    if ((first >>> 16) - 0x8000 !== version) throw new SpdyProtocolError(`SPDY version ${(first >>> 16) & 0x7fff}`)
    if (length > maxControlFrameBytes) throw new SpdyProtocolError(`control frame of ${length} bytes`)
    if (this.#pending.length < frameHeaderBytes + length) return 'incomplete'
    const body = this.#pending.subarray(frameHeaderBytes, frameHeaderBytes + length)
    this.#pending = this.#pending.subarray(frameHeaderBytes + length)
    return parseControl(first & 0xffff, flags, body)
  }

  #nextData(current: { streamId: number; fin: boolean; remaining: number }): Frame | 'incomplete' {
    if (this.#pending.length === 0 && current.remaining > 0) return 'incomplete'
    const data = this.#pending.subarray(0, current.remaining)
    this.#pending = this.#pending.subarray(data.length)
    current.remaining -= data.length
    const whole = current.remaining === 0
    if (whole) this.#data = undefined
    return { type: 'data', streamId: current.streamId, fin: whole && current.fin, data }
  }
}

function parseControl(type: number, flags: number, body: Buffer): Frame | 'skipped' {
  const parser = parsers[type]
  if (!parser) return 'skipped'
  if (body.length < parser.minimumBytes) {
    throw new SpdyProtocolError(`control frame of type ${type} with ${body.length} bytes`)
  }
  return parser.parse(body, flags)
}

/** The bytes of a frame. DATA frames longer than `maxFrameBytes` are the caller's mistake and throw. */
export function encodeFrame(frame: Frame): Buffer {
  if (frame.type === 'data')
    return Buffer.concat([dataHeader(frame.streamId, frame.data.length, frame.fin), frame.data])
  const fin = 'fin' in frame && frame.fin ? flagFin : 0
  return controlFrame(controlTypes[frame.type], fin, controlBody(frame))
}

function controlBody(frame: ControlFrame): Uint8Array[] {
  switch (frame.type) {
    case 'synStream':
      // Stream, associated stream (none), priority and credential slot (0).
      return [words(frame.streamId, 0), Buffer.alloc(2), frame.headerBlock]
    case 'synReply':
    case 'headers':
      return [words(frame.streamId), frame.headerBlock]
    case 'rstStream':
      return [words(frame.streamId, frame.status)]
    case 'settings':
      return [words(1, initialWindowSetting, frame.initialWindowBytes)]
    case 'ping':
      return [words(frame.id)]
    case 'goAway':
      return [words(frame.lastStreamId, frame.status)]
    case 'windowUpdate':
      return [words(frame.streamId, frame.delta)]
  }
}

function controlFrame(type: number, flags: number, body: readonly Uint8Array[]): Buffer {
  const length = body.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([words(((0x8000 | version) << 16) | type, (flags << 24) | length), ...body])
}

/** The eight bytes before the payload of a DATA frame. */
export function dataHeader(streamId: number, length: number, fin: boolean): Buffer {
  if (length > maxFrameBytes) throw new RangeError(`DATA frame of ${length} bytes`)
  return words(streamId, ((fin ? flagFin : 0) << 24) | length)
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value >>> 0, index * 4)
  })
  return bytes
}
