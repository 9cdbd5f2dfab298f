import { serveContainerLogs } from './container-logs.ts'
import { cadvisorMetrics, kubeletMetrics, resourceMetrics } from './metrics.ts'
import { servePods, serveRunningPods } from './pods.ts'
import type { KubeletRequest, RequestHandler, UpgradeHandler } from './request.ts'
import { summary } from './stats.ts'
import { requireUpgrade, serveAttach, serveExec, servePortForwards, serveRun } from './streaming.ts'

/** One path of the kubelet; a segment in braces is a parameter. */
export interface Route {
  readonly methods: readonly string[]
  readonly path: string
  readonly handler: RequestHandler
  /** For paths that leave HTTP. */
  readonly upgrade?: UpgradeHandler
}

const healthz: RequestHandler = async (_request, response) => {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end('ok')
}

const statsSummary: RequestHandler = async ({ host, nodeName }, response) => {
  const body = JSON.stringify(await summary(nodeName, host.stats))
  response.setHeader('Content-Type', 'application/json')
  response.end(body)
}

/** Answers what Prometheus reads. */
function metrics(text: (request: KubeletRequest) => Promise<string>): RequestHandler {
  return async (request, response) => {
    const body = await text(request)
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
    response.end(body)
  }
}

const read = ['GET']
const stream = ['GET', 'POST']

/** Everything the kubelet answers. Paths with a UID are for clients that must not reach a Pod's successor. */
export const routes: readonly Route[] = [
  { methods: read, path: '/healthz', handler: healthz },
  { methods: read, path: '/pods', handler: servePods },
  { methods: read, path: '/runningpods', handler: serveRunningPods },
  { methods: read, path: '/stats/summary', handler: statsSummary },
  { methods: read, path: '/metrics', handler: metrics(({ host, nodeName }) => kubeletMetrics(host, nodeName)) },
  { methods: read, path: '/metrics/cadvisor', handler: metrics(({ host }) => cadvisorMetrics(host.stats)) },
  { methods: read, path: '/metrics/resource', handler: metrics(({ host }) => resourceMetrics(host.stats)) },
  { methods: read, path: '/containerLogs/{namespace}/{pod}/{container}', handler: serveContainerLogs },
  ...streams('/exec/{namespace}/{pod}', '/{container}', serveExec),
  ...streams('/attach/{namespace}/{pod}', '/{container}', serveAttach),
  ...streams('/portForward/{namespace}/{pod}', '', servePortForwards),
  { methods: ['POST'], path: '/run/{namespace}/{pod}/{container}', handler: serveRun },
  { methods: ['POST'], path: '/run/{namespace}/{pod}/{uid}/{container}', handler: serveRun },
]

function streams(beginning: string, end: string, upgrade: UpgradeHandler): Route[] {
  return [`${beginning}${end}`, `${beginning}/{uid}${end}`].map((path) => ({
    methods: stream,
    path,
    handler: requireUpgrade,
    upgrade,
  }))
}

/** The route of a path and the parameters in it. Undefined: there is none, or a segment is not decodable. */
export function findRoute(
  path: string,
): { readonly route: Route; readonly parameters: Record<string, string> } | undefined {
  const segments = split(path)
  for (const route of routes) {
    const parameters = match(split(route.path), segments)
    if (parameters) return { route, parameters }
  }
  return undefined
}

function split(path: string): string[] {
  return path.replace(/\/$/, '').split('/').slice(1)
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const parameters: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const segment = decode(segments[index]!)
    if (segment === undefined || segment === '') return undefined
    if (part.startsWith('{')) parameters[part.slice(1, -1)] = segment
    else if (part !== segment) return undefined
  }
  return parameters
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
