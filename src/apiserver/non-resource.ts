import { assertRouted, mediaTypes } from './http/negotiate.ts'
import type { Answer, Handler, RequestContext } from './request.ts'
import { methodNotAllowed, noSuchResource } from './route-errors.ts'
import { serverVersion } from './version.ts'

/** Answers the paths it knows; undefined for the others. */
export type PathHandler = (context: RequestContext) => Promise<Answer | undefined> | Answer | undefined

/** Every path that is no resource's: the first handler that knows it answers; 404 as a Status below the API's own paths. */
export function nonResourceHandler(handlers: readonly PathHandler[], belongsToApi: (path: string) => boolean): Handler {
  return async (context) => {
    // Upstream's router compares the path as it was sent.
    if (context.path.startsWith('//')) return pageNotFound
    for (const handler of handlers) {
      const answer = await handler(context)
      if (answer) return answer
    }
    if (belongsToApi(context.info.path)) throw noSuchResource()
    return pageNotFound
  }
}

/** What Go's own server answers to a path it does not know, and so what clients see of paths that are no part of the API. */
export const pageNotFound: Answer = {
  kind: 'bytes',
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  body: '404 page not found\n',
}

/** A route of its own upstream: it has one method and one form. */
export const versionHandler: PathHandler = ({ info, method, headers }) => {
  if (info.path !== '/version' && info.path !== '/version/') return undefined
  if (method !== 'GET') throw methodNotAllowed()
  assertRouted(headers.get('accept'), [mediaTypes.json])
  return jsonAnswer(`${JSON.stringify(serverVersion, null, 2)}\n`)
}

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
