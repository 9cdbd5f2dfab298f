import type { RawConnection } from '../request.ts'

/** Names in lower case. */
export type ResponseHeaders = Record<string, string | string[]>

/** The way back to one client, over either version of HTTP. */
export interface Responder {
  /** Whether a response has begun; nothing but its rest can be sent then. */
  readonly started: boolean
  /** The whole response. */
  send(status: number, headers: ResponseHeaders, body: Uint8Array): void
  /** Begins a response without an end. */
  open(status: number, headers: ResponseHeaders): ResponseStream
  /** Hands over request, response and, for upgrades, the socket. Counts as started. */
  takeOver(): RawConnection
  /** Cuts the stream without an orderly end. */
  destroy(): void
}

export interface ResponseStream {
  /** False when the client does not keep up: wait for `onDrain`. */
  write(chunk: Uint8Array): boolean
  onDrain(callback: () => void): void
  end(): void
  destroy(): void
}
