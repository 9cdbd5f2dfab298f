import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../platform/clock.ts'
import type { ServerUpgrade } from '../../platform/http-upgrade.ts'
import type { Logger } from '../../platform/log.ts'
import type { KubeletServerHost } from './host.ts'

/** What every handler gets to see. */
export interface KubeletRequest {
  readonly host: KubeletServerHost
  readonly nodeName: string
  readonly clock: Clock
  readonly log: Logger
  /** The named parts of the path, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly incoming: IncomingMessage
}

/** Answers an ordinary request. What it throws before it has begun is turned into an error page. */
export type RequestHandler = (request: KubeletRequest, response: ServerResponse) => Promise<void>

/** Takes over the connection. What it throws before it has answered is turned into an error page. */
export type UpgradeHandler = (request: KubeletRequest, client: ServerUpgrade) => Promise<void>

/** An answer other than 2xx, as plain text: the kubelet knows no Status. */
export class KubeletHttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'KubeletHttpError'
    this.status = status
  }
}
