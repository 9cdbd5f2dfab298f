import http from 'node:http'
import https from 'node:https'
import { connect } from 'node:net'
import type { ContainerPort, HTTPGetAction } from '../../api/types/core/v1.ts'
import type { DeepReadonly } from '../../machinery/object.ts'

export interface Outcome {
  readonly result: 'success' | 'failure' | 'warning'
  /** What the event says after a failure or a warning. */
  readonly output: string
}

/** No more of an answer is read: kubelet v1.36 pkg/probe. */
const maxBodyBytes = 10_240

/** The number of a port that may be given by its name. Throws upstream's sentence. */
export function resolvePort(port: number | string, ports: readonly DeepReadonly<ContainerPort>[] = []): number {
  const byName = ports.find(({ name }) => name === port)?.containerPort
  const number = byName ?? Number(port)
  if (!Number.isInteger(number)) throw new Error(`couldn't find port: ${JSON.stringify(port)} in container ports`)
  if (number <= 0 || number > 65_535) throw new Error(`invalid port number: ${port}`)
  return number
}

export interface HttpTarget {
  readonly action: DeepReadonly<HTTPGetAction>
  readonly port: number
  /** The Pod's address, unless the action names a host. */
  readonly address: string
  readonly timeoutMs: number
}

/** GET, where any answer from 200 to 399 is a success; certificates are not checked. After kubelet v1.36 probe/http. */
export async function probeHttp({ action, port, address, timeoutMs }: HttpTarget): Promise<Outcome> {
  const host = action.host || address
  const scheme = (action.scheme ?? 'HTTP').toLowerCase()
  const path = action.path ?? '/'
  const authority = host.includes(':') ? `[${host}]` : host
  const url = `${scheme}://${authority}:${port}${path.startsWith('/') ? '' : '/'}${path}`
  const headers = [
    ...[
      ['user-agent', 'kube-probe/1.36'],
      ['accept', '*/*'],
    ],
    ...(action.httpHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]),
  ]
  try {
    const statusCode = await getStatus(url, Object.fromEntries(headers), timeoutMs)
    if (statusCode >= 200 && statusCode < 400) return { result: 'success', output: '' }
    return { result: 'failure', output: `HTTP probe failed with statuscode: ${statusCode}` }
  } catch (error) {
    return { result: 'failure', output: `Get "${url}": ${networkFault(error, `${authority}:${port}`)}` }
  }
}

/** The status of the answer, once it or as much of it as is wanted has been read; each time on a connection of its own. */
function getStatus(url: string, headers: Record<string, string>, timeoutMs: number): Promise<number> {
  const client = url.startsWith('https:') ? https : http
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const request = client.get(url, { headers, agent: false, rejectUnauthorized: false, signal }, (answer) => {
      let received = 0
      const finish = () => {
        resolve(answer.statusCode ?? 0)
        request.destroy()
      }
      answer.on('data', (chunk: Buffer) => {
        received += chunk.length
        if (received > maxBodyBytes) finish()
      })
      answer.on('end', finish)
      answer.on('error', reject)
    })
    request.on('error', (error) => reject(signal.aborted ? signal.reason : error))
  })
}

/** Whether a connection is accepted. After kubelet v1.36 probe/tcp. */
export function probeTcp(host: string, port: number, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const finish = (outcome: Outcome) => {
      socket.destroy()
      resolve(outcome)
    }
    const where = `${host.includes(':') ? `[${host}]` : host}:${port}`
    socket.once('connect', () => finish({ result: 'success', output: '' }))
    socket.once('timeout', () => finish({ result: 'failure', output: `dial tcp ${where}: i/o timeout` }))
    socket.once('error', (error) => finish({ result: 'failure', output: networkFault(error, where) }))
  })
}

/** Go's words for the usual failures, which people search for. */
function networkFault(error: unknown, where: string): string {
  const { code, name, message } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return `dial tcp ${where}: connect: connection refused`
  if (code === 'EHOSTUNREACH') return `dial tcp ${where}: connect: no route to host`
  if (name === 'TimeoutError') {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
  }
  return message
}
