import { StatusError } from '../machinery/status.ts'
import type { Answer, Handler, RequestContext } from './request.ts'
import { serverVersion } from './version.ts'

/** Answers the paths it knows; undefined for the others. */
export type PathHandler = (context: RequestContext) => Promise<Answer | undefined> | Answer | undefined

/** Every path that is no resource's: the first handler that knows it answers; 404 as a Status below the API's own paths. */
export function nonResourceHandler(handlers: readonly PathHandler[], belongsToApi: (path: string) => boolean): Handler {
  return async (context) => {
    for (const handler of handlers) {
      const answer = await handler(context)
      if (answer) return answer
    }
    if (belongsToApi(context.info.path)) throw noSuchResource()
    return pageNotFound
  }
}

function noSuchResource(): StatusError {
  const message = 'the server could not find the requested resource'
  return new StatusError({ code: 404, reason: 'NotFound', message, details: {} })
}

/** What Go's own server answers, and so what clients see of paths that are no part of the API. */
const pageNotFound: Answer = {
  kind: 'bytes',
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: '404 page not found\n',
}

export const versionHandler: PathHandler = ({ info }) =>
  info.path === '/version' || info.path === '/version/'
    ? jsonAnswer(`${JSON.stringify(serverVersion, null, 2)}\n`)
    : undefined

/** The paths there are, for who asks for `/`. */
export function rootHandler(paths: () => readonly string[]): PathHandler {
  return ({ info }) =>
    info.path === '/' || info.path === '/index.html'
      ? jsonAnswer(`${JSON.stringify({ paths: [...paths()].sort() }, null, 2)}\n`)
      : undefined
}

export function metricsHandler(metrics: { render(): Promise<string>; readonly contentType: string }): PathHandler {
  return async ({ info }) => {
    if (info.path !== '/metrics') return undefined
    const headers = { 'content-type': metrics.contentType }
    return { kind: 'bytes', status: 200, headers, body: await metrics.render() }
  }
}

function jsonAnswer(body: string): Answer {
  return { kind: 'bytes', status: 200, headers: { 'content-type': 'application/json' }, body }
}
