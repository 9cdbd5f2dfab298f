import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { hasContainer, loggedContainerId } from './container-id.ts'
import { readLogs } from './logs/read-logs.ts'
import { findPod } from './pods.ts'
import { KubeletHttpError, type RequestHandler } from './request.ts'

/** What `/containerLogs` takes from its query. After core/v1 PodLogOptions. */
interface LogQuery {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly sinceMs?: number
  readonly tailLines?: number
  readonly limitBytes?: number
}

/** `/containerLogs/{namespace}/{pod}/{container}`. After kubelet/server getContainerLogs. */
export const serveContainerLogs: RequestHandler = async (request, response) => {
  const { host, parameters, clock } = request
  const query = parseLogQuery(request.query, clock.nowMs())
  const name = parameters.container!
  const pod = findPod(host, parameters)
  if (!pod) throw new KubeletHttpError(404, `pod "${parameters.pod}" does not exist`)
  if (!hasContainer(pod, name)) {
    throw new KubeletHttpError(404, `container "${name}" not found in pod "${parameters.pod}"`)
  }
  const container = loggedContainerId(pod, name, query.previous)
  if (!container.found) throw new KubeletHttpError(400, container.why)
  const log = await host.containerLog(container.id)
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  const isRunning = () => log.isRunning()
  const lines = readLogs({ ...query, path: log.path, isRunning, clock, signal: gone.signal })
  const first = await lines.next()
  response.setHeader('Content-Type', 'text/plain')
  // A client that follows must see that it is connected, even if nothing is logged for hours.
  response.flushHeaders()
  if (!first.done) response.write(first.value)
  await pipeline(Readable.from(lines), response)
}

/** Throws what upstream answers to options it does not take. */
export function parseLogQuery(query: URLSearchParams, nowMs: number): LogQuery {
  const tail = query.get('tail') ?? query.get('tailLines')
  const tailLines = tail === 'all' ? undefined : wholeNumber(tail, 0)
  const limitBytes = wholeNumber(query.get('limitBytes'), 1)
  const sinceSeconds = wholeNumber(query.get('sinceSeconds'), 1)
  const sinceTime = query.get('sinceTime')
  if (sinceSeconds !== undefined && sinceTime) throw invalidRequest()
  const sinceMs = sinceTime ? Date.parse(sinceTime) : sinceSeconds && nowMs - sinceSeconds * 1000
  if (Number.isNaN(sinceMs)) throw undecodable()
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
  }
}

function wholeNumber(text: string | null, minimum: number): number | undefined {
  if (text === null || text === '') return undefined
  if (!/^-?\d+$/.test(text)) throw undecodable()
  if (Number(text) < minimum) throw invalidRequest()
  return Number(text)
}

/** As the conversion from a query reads booleans: there and not `false` or `0`. */
function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

function undecodable(): KubeletHttpError {
  return new KubeletHttpError(400, '{"message": "Unable to decode query."}')
}

function invalidRequest(): KubeletHttpError {
  return new KubeletHttpError(422, '{"message": "Invalid request."}')
}
