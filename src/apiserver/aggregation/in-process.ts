import type { IncomingMessage } from 'node:http'
import { decodeWatchLines } from '../../client/watch-lines.ts'
import { internalError, serviceUnavailable } from '../../machinery/errors.ts'
import type { Answer, RequestContext, WatchAnswer, WatchSink } from '../request.ts'
import { readAnswer } from './read-answer.ts'
import type { RemoteApi } from './remote-api.ts'

/** As clients over HTTP have it. */
const maxAnswerBytes = 256 * 1024 * 1024
const maxWatchLineLength = 16 * 1024 * 1024

/** Components of this process reach other servers as well: without a connection to pass on, with JSON in between. */
export async function answerInProcess(context: RequestContext, api: RemoteApi): Promise<Answer> {
  let answer: IncomingMessage
  try {
    answer = await api.request(await requestOf(context))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { kind: 'status', status: serviceUnavailable(`error trying to reach service: ${why}`).status }
  }
  const status = answer.statusCode ?? 502
  if (status === 200 && context.info.verb === 'watch') return { kind: 'watch', stream: new RemoteWatch(answer) }
  const contentType = answer.headers['content-type'] ?? ''
  return {
    kind: 'bytes',
    status,
    headers: { 'content-type': contentType },
    body: await readAnswer(answer, maxAnswerBytes),
  }
}

async function requestOf({ method, path, query, headers, body, signal, user }: RequestContext) {
  const search = query.size === 0 ? '' : `?${query}`
  const sent = ['Accept', headers.get('accept') ?? 'application/json']
  const content = body.kind === 'object' ? Buffer.from(JSON.stringify(body.value)) : undefined
  if (content) sent.push('Content-Type', headers.get('content-type') ?? 'application/json')
  const userAgent = headers.get('user-agent')
  if (userAgent) sent.push('User-Agent', userAgent)
  return { method, path: `${path}${search}`, headers: sent, user, signal, ...(content && { body: content }) }
}

/** The events of another server's watch, as they come. */
class RemoteWatch implements WatchAnswer {
  readonly #answer: IncomingMessage

  constructor(answer: IncomingMessage) {
    this.#answer = answer
  }

  start(sink: WatchSink): void {
    this.#read(sink)
      .catch((error: unknown) => {
        if (!this.#answer.destroyed) sink.event({ type: 'ERROR', object: internalError(error).status })
      })
      .finally(() => sink.end())
  }

  stop(): void {
    this.#answer.destroy()
  }

  async #read(sink: WatchSink): Promise<void> {
    for await (const { type, object } of decodeWatchLines(this.#answer, maxWatchLineLength))
      sink.event({ type, object })
  }
}
