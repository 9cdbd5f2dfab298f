/** Names that both sides of a port-forward agree on. After k8s.io/cri-streaming portforward. */
export const portForwardProtocol = 'portforward.k8s.io'
/** A WebSocket subprotocol that begins so carries the SPDY protocol named after it in its messages. */
export const tunnelPrefix = 'SPDY/3.1+'
export const tunnelSuffix = '.k8s.io'

export const portForwardHeaders = { port: 'port', streamType: 'streamtype', requestId: 'requestid' } as const

/** A TCP port as text, or upstream's words against it. */
export function parsePort(text: string): { readonly port: number } | { readonly refused: string } {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(port) || port > 65535) return { refused: `unable to parse "${text}" as a port` }
  if (port < 1) return { refused: `port "${text}" must be > 0` }
  return { port }
}
