import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import type { Clock } from '../platform/clock.ts'

/** Asks the world outside the cluster. */
export interface Upstream {
  /** The whole answer to a whole query, both in wire form. Throws when no server answers in time or too many wait. */
  forward(query: Uint8Array, transport: 'udp' | 'tcp'): Promise<Uint8Array>
}

export interface UpstreamOptions {
  /** Addresses, tried in this order. */
  readonly servers: readonly string[]
  /** 53 unless told otherwise. */
  readonly port?: number
  readonly clock: Clock
}

const timeoutMs = 2000
const maxWaiting = 1000
const defaultPort = 53

/** The servers of a resolv.conf, those on this very machine's loopback included, ours left out. */
export function nameserversOf(resolvConf: string, exclude: readonly string[]): string[] {
  return resolvConf
    .split('\n')
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((server) => !exclude.includes(server))
}

/** Where systemd-resolved keeps the servers it asks itself. */
const systemdResolvConf = '/run/systemd/resolve/resolv.conf'

/**
 * The servers this machine asks. Where it asks only its own loopback, which a node in a network namespace of its own
 * does not reach, those that systemd-resolved asks in turn, if it is that. `read` answers a file's text.
 */
export function upstreamServers(read: (path: string) => string | undefined, exclude: readonly string[]): string[] {
  const servers = nameserversOf(read('/etc/resolv.conf') ?? '', exclude)
  if (!servers.every(isLoopback)) return servers
  const behind = nameserversOf(read(systemdResolvConf) ?? '', exclude).filter((server) => !isLoopback(server))
  return behind.length > 0 ? behind : servers
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

export function createUpstream({ servers, port = defaultPort, clock }: UpstreamOptions): Upstream {
  let waiting = 0
  return {
    async forward(query, transport) {
      if (waiting >= maxWaiting) throw new Error('too many questions wait for an answer from outside')
      waiting++
      const ask = transport === 'udp' ? askByUdp : askByTcp
      try {
        return await firstAnswer(servers, (server) => ask({ server, port }, query, clock))
      } finally {
        waiting--
      }
    },
  }
}

async function firstAnswer(
  servers: readonly string[],
  ask: (server: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  let failure: unknown = new Error('no name server outside the cluster is known')
  for (const server of servers) {
    try {
      return await ask(server)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

interface ServerAddress {
  readonly server: string
  readonly port: number
}

/** A fresh socket and identifier a question, so that answers cannot be guessed. */
function askByUdp({ server, port }: ServerAddress, query: Uint8Array, clock: Clock): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.includes(':') ? 'udp6' : 'udp4')
    const identifier = randomInt(65_536)
    const finish = (settle: () => void) => {
      timer.cancel()
      socket.close()
      settle()
    }
    const timer = clock.setTimer(timeoutMs, () => finish(() => reject(new Error(`${server} does not answer`))))
    socket.on('error', (error) => finish(() => reject(error)))
    socket.on('message', (message, { address }) => {
      if (address !== server || message.length < 12 || message.readUInt16BE(0) !== identifier) return
      finish(() => resolve(withIdentifier(message, identifierOf(query))))
    })
    socket.send(withIdentifier(query, identifier), port, server)
  })
}

function askByTcp({ server, port }: ServerAddress, query: Uint8Array, clock: Clock): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port })
    const finish = (settle: () => void) => {
      timer.cancel()
      socket.destroy()
      settle()
    }
    const timer = clock.setTimer(timeoutMs, () => finish(() => reject(new Error(`${server} does not answer`))))
    let received: Buffer = Buffer.alloc(0)
    socket.on('error', (error) => finish(() => reject(error)))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return
      finish(() => resolve(received.subarray(2, 2 + received.readUInt16BE(0))))
    })
    socket.on('end', () => finish(() => reject(new Error(`${server} closed the connection without an answer`))))
    socket.write(withLength(query))
  })
}

/** DNS over TCP puts two bytes of length before each message. */
export function withLength(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(2 + message.length)
  framed.writeUInt16BE(message.length)
  framed.set(message, 2)
  return framed
}

function identifierOf(message: Uint8Array): number {
  return (message[0]! << 8) | message[1]!
}

function withIdentifier(message: Uint8Array, identifier: number): Buffer {
  const copy = Buffer.from(message)
  copy.writeUInt16BE(identifier)
  return copy
}
