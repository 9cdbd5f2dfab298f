import { Client, credentials, status } from '@grpc/grpc-js'
import { grpcCode, serviceClient } from '../cri/grpc-client.ts'
import type { EnumTable, MessageTable, ServiceTable } from '../cri/wire.ts'
import type { Outcome } from './handlers.ts'

/** After grpc.health.v1, the gRPC health checking protocol. */
const messages = {
  HealthCheckRequest: { service: 'string 1' },
  HealthCheckResponse: { status: 'ServingStatus 1' },
} as const satisfies MessageTable
const enums = {
  ServingStatus: { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 },
} as const satisfies EnumTable
const methods = { Check: ['HealthCheckRequest', 'HealthCheckResponse'] } as const satisfies ServiceTable

/** Asks a server for its health. After kubelet v1.36 probe/grpc. */
export async function probeGrpc(options: {
  host: string
  port: number
  service: string
  timeoutMs: number
}): Promise<Outcome> {
  const { host, port, service, timeoutMs } = options
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const connection = new Client(where, credentials.createInsecure())
  try {
    const health = serviceClient({
      connection,
      packageName: 'grpc.health.v1',
      serviceName: 'Health',
      messages,
      enums,
      methods,
    })
    const answer = await health.check({ service }, { timeoutMs })
    if (answer.status === 'SERVING') return { result: 'success', output: '' }
    return { result: 'failure', output: `service unhealthy (responded with "${answer.status}")` }
  } catch (error) {
    return { result: 'failure', output: failureText(error, where, timeoutMs) }
  } finally {
    connection.close()
  }
}

function failureText(error: unknown, where: string, timeoutMs: number): string {
  const code = grpcCode(error)
  if (code === status.UNIMPLEMENTED)
    return 'error: this server does not implement the grpc health protocol (grpc.health.v1.Health)'
  if (code === status.DEADLINE_EXCEEDED) return `timeout: health rpc did not complete within ${timeoutMs / 1000}s`
  if (code === status.UNAVAILABLE) return `timeout: failed to connect service "${where}" within ${timeoutMs / 1000}s`
  return `error: health rpc probe failed: ${error instanceof Error ? error.message : String(error)}`
}
