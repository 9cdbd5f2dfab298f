import {
  acceptUpgrade,
  isUpgradeRequest,
  refuseUpgrade,
  requireUpgrade,
  type ServerUpgrade,
  type UpgradeTarget,
} from '../http-upgrade.ts'
import { SpdySession, type SpdySessionOptions } from './session.ts'

const spdyToken = 'SPDY/3.1'
const protocolHeader = 'X-Stream-Protocol-Version'

/**
 * Picks the first protocol of the client that is in `supported`. Undefined: the client was refused, with upstream's
 * words. After k8s.io/streaming httpstream Handshake.
 */
export function negotiateSpdyProtocol(client: ServerUpgrade, supported: readonly string[]): string | undefined {
  const { request, socket } = client
  const refuse = (status: number, why: string, headers: readonly string[] = []) =>
    refuseUpgrade(socket, { status, body: `unable to upgrade: ${why}\n`, headers })
  const values = request.headersDistinct[protocolHeader.toLowerCase()]
  if (!values) {
    const count = Object.keys(request.headers).length
    refuse(400, `header ${protocolHeader} does not exist in request with ${count} headers`)
    return undefined
  }
  const offered = values.flatMap((value) => value.split(',')).map((name) => name.trim())
  const chosen = offered.find((name) => supported.includes(name))
  if (chosen === undefined) {
    const why = `unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${supported.join(' ')}]`
    refuse(
      403,
      why,
      supported.flatMap((name) => ['X-Accepted-Stream-Protocol-Versions', name]),
    )
  }
  return chosen
}

/** Answers the upgrade to SPDY/3.1 with `protocol`. Undefined: it was not one, and was refused with 400. */
export function acceptSpdy(
  client: ServerUpgrade,
  protocol: string,
  options: Omit<SpdySessionOptions, 'transport' | 'role'>,
): SpdySession | undefined {
  const { request, socket } = client
  if (!isUpgradeRequest(request) || !request.headers.upgrade?.toLowerCase().includes(spdyToken.toLowerCase())) {
    refuseUpgrade(socket, { status: 400, body: 'unable to upgrade: missing upgrade headers in request\n' })
    return undefined
  }
  const headers = ['Connection', 'Upgrade', 'Upgrade', spdyToken, protocolHeader, protocol]
  return new SpdySession({ ...options, transport: acceptUpgrade(client, headers), role: 'server' })
}

export interface SpdyTarget extends UpgradeTarget {
  readonly protocols: readonly string[]
  /** Name and value in turn. */
  readonly headers?: readonly string[]
  readonly signal?: AbortSignal
}

/** Opens a session to a server. Throws UpgradeRefusedError when it answers with anything but 101. */
export async function connectSpdy({ protocols, headers = [], ...target }: SpdyTarget): Promise<{
  session: SpdySession
  /** What the server chose; the empty string if it did not say. */
  protocol: string
}> {
  const offer = protocols.flatMap((protocol) => [protocolHeader, protocol])
  const { response, socket } = await requireUpgrade({
    ...target,
    method: 'POST',
    headers: [...headers, 'Connection', 'Upgrade', 'Upgrade', spdyToken, ...offer, 'Content-Length', '0'],
  })
  const protocol = String(response.headers[protocolHeader.toLowerCase()] ?? '')
  return { session: new SpdySession({ transport: socket, role: 'client' }), protocol }
}
