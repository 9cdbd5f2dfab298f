import { StatusError } from '../machinery/status.ts'
import type { Answer, Handler, RequestContext } from './request.ts'
import { serverVersion } from './version.ts'

/** Answers the paths it knows; undefined for the others. */
export type PathHandler = (context: RequestContext) => Promise<Answer | undefined> | Answer | undefined

/** Every path that is no resource's: the first handler that knows it answers, and 404 when none does. */
export function nonResourceHandler(handlers: readonly PathHandler[]): Handler {
  return async (context) => {
    for (const handler of handlers) {
      const answer = await handler(context)
      if (answer) return answer
    }
    throw new StatusError({
      code: 404,
      reason: 'NotFound',
      message: 'the server could not find the requested resource',
      details: {},
    })
  }
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
