import { createServer, type Server } from 'node:http'
import type { Logger } from '../platform/log.ts'

/** A Service whose load balancer asks each node whether it has endpoints of its own. */
export interface HealthCheck {
  readonly port: number
  readonly namespace: string
  readonly name: string
  readonly localEndpoints: number
}

interface Listening {
  check: HealthCheck
  readonly server: Server
}

/** Load balancers leave nodes out that answer 503. One listener a `healthCheckNodePort`. After pkg/proxy/healthcheck. */
export class HealthCheckServers {
  readonly #log: Logger
  readonly #byPort = new Map<number, Listening>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Listens for these and no others. A port that is taken is told to the log and tried again at the next change. */
  async sync(checks: readonly HealthCheck[]): Promise<void> {
    const wanted = new Map(checks.map((check) => [check.port, check]))
    await Promise.all([...this.#byPort.keys()].filter((port) => !wanted.has(port)).map((port) => this.#close(port)))
    await Promise.all([...wanted.values()].map((check) => this.#serve(check)))
  }

  async close(): Promise<void> {
    await this.sync([])
  }

  async #serve(check: HealthCheck): Promise<void> {
    const known = this.#byPort.get(check.port)
    if (known) {
      known.check = check
      return
    }
    const listening: Listening = { check, server: createServer() }
    listening.server.on('request', (_, response) => {
      const { headers, status, body } = healthAnswer(listening.check)
      response.writeHead(status, headers).end(body)
    })
    try {
      await listen(listening.server, check.port)
      this.#byPort.set(check.port, listening)
    } catch (error) {
      this.#log.warn('a health check port cannot be served', { ...check, error })
    }
  }

  #close(port: number): Promise<void> {
    const listening = this.#byPort.get(port)
    this.#byPort.delete(port)
    return new Promise((resolve) => {
      listening?.server.close(() => resolve())
      listening?.server.closeAllConnections()
    })
  }
}

/** Pure. The fields and header that load balancers of clouds know. */
export function healthAnswer({ namespace, name, localEndpoints }: HealthCheck) {
  return {
    status: localEndpoints > 0 ? 200 : 503,
    headers: {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
    },
    body: JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
