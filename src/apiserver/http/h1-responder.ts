import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RawConnection } from '../request.ts'
import type { Responder, ResponseHeaders, ResponseStream } from './responder.ts'

/** The socket of a request that asks to leave HTTP behind, and what the client has sent beyond its headers. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Uint8Array
}

/** Answers over HTTP/1.1. */
export class Http1Responder implements Responder {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #upgrade: Upgrade | undefined
  #takenOver = false

  constructor(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) {
    this.#request = request
    this.#response = response
    this.#upgrade = upgrade
  }

  get started(): boolean {
    return this.#takenOver || this.#response.headersSent || this.#response.destroyed
  }

  send(status: number, headers: ResponseHeaders, body: Uint8Array): void {
    if (this.started) return
    headers['content-length'] = String(body.length)
    this.#response.writeHead(status, headers)
    this.#response.end(body)
  }

  open(status: number, headers: ResponseHeaders): ResponseStream {
    const response = this.#response
    response.writeHead(status, headers)
    response.flushHeaders()
    return {
      write: (chunk) => !response.destroyed && response.write(chunk),
      onDrain: (callback) => response.on('drain', callback),
      end: () => {
        if (!response.destroyed) response.end()
      },
      destroy: () => response.destroy(),
    }
  }

  takeOver(): RawConnection {
    this.#takenOver = true
    return { request: this.#request, response: this.#response, ...this.#upgrade }
  }

  /** A request that was read to its end no longer holds its socket, so it is the response that goes. */
  destroy(): void {
    this.#response.destroy()
  }
}

/** The response to a request whose socket the HTTP parser has let go of: the pipeline may still refuse it. */
export function responseOnSocket(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  // A socket that left its HTTP server is a net.Socket all the same; Node types the event wider than it is.
  response.assignSocket(socket as import('node:net').Socket)
  response.on('finish', () => socket.end())
  return response
}
