import https from 'node:https'
import { text } from 'node:stream/consumers'

export interface RawRequest {
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  /** Sent as JSON. */
  readonly body?: object
  /** PEM: the client's own. */
  readonly certificate?: { readonly certificate: string; readonly key: string }
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** One request on a connection of its own, with whatever headers; the server's certificate is not looked at. */
export function requestOnce(url: string, request: RawRequest): Promise<RawAnswer> {
  const { path, method = 'GET', headers = {}, body, certificate } = request
  const content = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = https.request(
      `${url}${path}`,
      {
        method,
        headers: { ...headers, ...(content !== undefined && { 'content-type': 'application/json' }) },
        agent: false,
        rejectUnauthorized: false,
        ...(certificate && { cert: certificate.certificate, key: certificate.key }),
      },
      (answer) => {
        text(answer).then(
          (body) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: body }),
          reject,
        )
      },
    )
    sent.on('error', reject)
    sent.end(content)
  })
}
