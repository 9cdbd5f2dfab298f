import { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

/** Which way the bytes of a channel go, seen from here. What arrives on a channel that is not read is dropped. */
export type ChannelDirection = 'read' | 'write' | 'readWrite' | 'ignore'

export interface ChannelsOptions {
  readonly socket: WebSocket
  readonly directions: readonly ChannelDirection[]
  /** `binary`: the channel's number is the first byte. `base64`: text, the number its first digit. */
  readonly encoding: 'binary' | 'base64'
  /** Version 5: a message of 255 and a channel's number ends that channel. Clients send it, servers heed it. */
  readonly closeSignal: 'none' | 'heed' | 'send'
}

/** The first byte of a message that ends a channel. After k8s.io/streaming wsstream. */
const closeSignalByte = 255
const closeNormal = 1000

/**
 * Several streams of bytes over one WebSocket: `channel.k8s.io` and its kin. A channel that nobody reads holds back
 * the whole socket, as upstream. All channels end when the socket closes.
 */
export function openChannels({ socket, directions, encoding, closeSignal }: ChannelsOptions): Duplex[] {
  const codec = codecs[encoding]
  const blocked = new Set<number>()
  const unblock = (number: number) => {
    if (blocked.delete(number) && blocked.size === 0) socket.resume()
  }
  const channels = directions.map((direction, number) => {
    const send = (data: Uint8Array, done: (error?: Error | null) => void) => {
      if (direction === 'write' || direction === 'readWrite') socket.send(codec.encode(number, data), done)
      else done()
    }
    const sendEnd = () => {
      if (closeSignal === 'send') socket.send(Buffer.of(closeSignalByte, number), () => {})
    }
    return new Channel({
      readable: direction === 'read' || direction === 'readWrite',
      send,
      sendEnd,
      unblock: () => unblock(number),
    })
  })
  socket.on('message', (message: Buffer) => {
    if (message.length === 0) return
    if (closeSignal === 'heed' && message[0] === closeSignalByte) {
      const channel = message.length === 2 ? channels[message[1]!] : undefined
      // A signal that names no channel is a broken client: upstream hangs up as well.
      if (channel) channel.receiveEnd()
      else socket.close(closeNormal)
      return
    }
    const { number, data } = codec.decode(message)
    const channel = channels[number]
    if (!channel || channel.receive(data)) return
    blocked.add(number)
    socket.pause()
  })
  socket.on('close', () => {
    for (const channel of channels) channel.receiveEnd()
  })
  socket.resume()
  return channels
}

interface Codec {
  encode(number: number, data: Uint8Array): Uint8Array | string
  decode(message: Buffer): { number: number; data: Buffer }
}

const codecs: Record<ChannelsOptions['encoding'], Codec> = {
  binary: {
    encode: (number, data) => Buffer.concat([Buffer.of(number), data]),
    decode: (message) => ({ number: message[0]!, data: message.subarray(1) }),
  },
  base64: {
    encode: (number, data) => `${number}${Buffer.from(data).toString('base64')}`,
    decode: (message) => ({
      number: message[0]! - '0'.charCodeAt(0),
      data: Buffer.from(message.toString('latin1', 1), 'base64'),
    }),
  },
}

interface ChannelSide {
  readonly readable: boolean
  readonly send: (data: Uint8Array, done: (error?: Error | null) => void) => void
  readonly sendEnd: () => void
  readonly unblock: () => void
}

class Channel extends Duplex {
  readonly #side: ChannelSide
  #ended = false

  constructor(side: ChannelSide) {
    super({ allowHalfOpen: true })
    this.#side = side
    // Whoever reads or pipes a channel hears of its error; with nobody there it must not end the process.
    this.on('error', () => {})
  }

  /** Whether there is room for more. */
  receive(data: Uint8Array): boolean {
    if (!this.#side.readable || this.#ended || this.destroyed) return true
    return this.push(data)
  }

  receiveEnd(): void {
    if (this.#ended || this.destroyed) return
    this.#ended = true
    this.push(null)
  }

  override _read(): void {
    this.#side.unblock()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#side.send(chunk, callback)
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#side.sendEnd()
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#side.unblock()
    callback(error)
  }
}
