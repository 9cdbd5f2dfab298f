import type { ServerResponse } from 'node:http'
import { internalError } from '../../../machinery/errors.ts'
import type { StatusError } from '../../../machinery/status.ts'
import { refuseUpgrade, type ServerUpgrade } from '../../../platform/http-upgrade.ts'
import { isBearerSubprotocol } from '../../authentication/bearer-token.ts'
import type { Answer, RawConnection, RequestContext } from '../../request.ts'

/** Whether the client wants to leave HTTP. Only HTTP/1.1 can. */
export function wantsUpgrade({ headers }: RequestContext): boolean {
  return headers.all('connection').some((value) => value.toLowerCase().includes('upgrade'))
}

/** What the client proved itself with is for this server alone. After apiserver filters WithAuthentication. */
const credentials = ['authorization', 'proxy-authorization', 'cookie']

/** They speak of one connection, not of the message. RFC 9110, section 7.6.1. */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Name and value in turn: what may go on to a kubelet, Pod or Service. */
export function forwardableHeaders(rawHeaders: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    const value = forwardableValue(name.toLowerCase(), rawHeaders[index + 1]!)
    if (value !== undefined) kept.push(name, value)
  }
  return kept
}

function forwardableValue(name: string, value: string): string | undefined {
  if (credentials.includes(name) || name.startsWith('impersonate-') || name.startsWith(':')) return undefined
  if (name !== 'sec-websocket-protocol') return value
  const offered = value.split(',').map((protocol) => protocol.trim())
  return offered.filter((protocol) => !isBearerSubprotocol(protocol)).join(', ') || undefined
}

/** Takes the connection over for `serve`. What goes wrong before anything was answered becomes a Status. */
export function upgradeAnswer(serve: (client: ServerUpgrade) => Promise<void>): Answer {
  return {
    kind: 'takeover',
    async run(connection) {
      const client = serverUpgrade(connection)
      try {
        await serve(client)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        refuseWithStatus(client, internalError(new Error(`error dialing backend: ${why}`)))
      }
    },
  }
}

/** HTTP/2's response stands in for HTTP/1.1's by design, whatever the types say; handlers only write to it. */
export function plainResponse({ response }: RawConnection): ServerResponse {
  return response as ServerResponse
}

function serverUpgrade({ request, socket, head }: RawConnection): ServerUpgrade {
  // `wantsUpgrade` was asked before, and Node hands over the socket of every such request.
  if (!socket || !('rawHeaders' in request)) throw new Error('the connection cannot be upgraded')
  return { request: request as ServerUpgrade['request'], socket, head: head ?? Buffer.alloc(0) }
}

function refuseWithStatus({ socket }: ServerUpgrade, { code, status }: StatusError): void {
  refuseUpgrade(socket, { status: code, body: JSON.stringify(status), contentType: 'application/json' })
}
