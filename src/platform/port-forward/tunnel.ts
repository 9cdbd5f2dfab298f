import { createWebSocketStream } from 'ws'
import { joinStreams, refuseUpgrade, requestUpgrade, type ServerUpgrade, type UpgradeTarget } from '../http-upgrade.ts'
import { acceptWebSocket, offeredSubprotocols } from '../websocket/connection.ts'
import { portForwardProtocol, tunnelPrefix } from './protocol.ts'

/**
 * Serves a client that carries SPDY in WebSocket messages out of a server that speaks SPDY only. Resolves when either
 * side is over; rejects, with nothing sent, when the target cannot be reached. After apiserver util/proxy
 * TunnelingHandler.
 */
export async function tunnelPortForward(client: ServerUpgrade, target: UpgradeTarget): Promise<void> {
  const subprotocol = tunnelPrefix + portForwardProtocol
  if (!offeredSubprotocols(client.request).includes(subprotocol)) {
    refuseUpgrade(client.socket, { status: 400, body: 'unable to upgrade: no tunneling spdy protocols provided\n' })
    return
  }
  const result = await requestUpgrade({
    ...target,
    method: 'POST',
    headers: ['Connection', 'Upgrade', 'Upgrade', 'SPDY/3.1', 'X-Stream-Protocol-Version', portForwardProtocol],
  })
  if (!result.upgraded) {
    result.response.destroy()
    refuseUpgrade(client.socket, { status: result.response.statusCode ?? 500, body: 'SPDY upgrade failed\n' })
    return
  }
  const socket = await acceptWebSocket(client, subprotocol)
  if (socket) await joinStreams(createWebSocketStream(socket), result.socket)
  else result.socket.destroy()
}
