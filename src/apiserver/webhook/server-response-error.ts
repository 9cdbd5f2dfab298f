import { type Status, StatusError, type StatusReason } from '../../machinery/status.ts'

interface ErrorResponse {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** How much of an error page is shown. After client-go rest maxUnstructuredResponseTextBytes. */
const maxTextLength = 2048

/** What an HTTP answer that is no success means. After client-go rest/request.go transformResponse v1.36. */
export function serverResponseError({ status, contentType, body }: ErrorResponse): StatusError {
  const given = statusOf(body)
  if (given) return new StatusError({ code: status, ...given })
  const isText = contentType === '' || contentType.startsWith('text/')
  const text = isText ? body.slice(0, maxTextLength).trim() : 'unknown'
  const { reason, message } = genericMessage(status, text)
  const causes = [{ reason: 'UnexpectedServerResponse', message: text }]
  return new StatusError({ code: status, reason, message, details: { causes } })
}

function statusOf(body: string): Status | undefined {
  try {
    const value = JSON.parse(body) as Partial<Status> | null
    return value?.kind === 'Status' && value.status !== 'Success' ? (value as Status) : undefined
  } catch {
    // Whoever answers with an error page need not write JSON.
    return undefined
  }
}

const messages: Readonly<Record<number, readonly [StatusReason, string]>> = {
  400: ['BadRequest', 'the server rejected our request for an unknown reason'],
  401: ['Unauthorized', 'the server has asked for the client to provide credentials'],
  404: ['NotFound', 'the server could not find the requested resource'],
  405: ['MethodNotAllowed', 'the server does not allow this method on the requested resource'],
  409: ['AlreadyExists', 'the server reported a conflict'],
  422: ['Invalid', 'the server rejected our request due to an error in our request'],
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
}

/** After apimachinery api/errors NewGenericServerResponse v1.36. */
function genericMessage(code: number, text: string): { reason: StatusReason; message: string } {
  const known = messages[code]
  if (known) return { reason: known[0], message: known[1] }
  if (code === 403) return { reason: 'Forbidden', message: text }
  if (code === 406) {
    const none = 'the server was unable to respond with a content type that the client supports'
    return { reason: 'NotAcceptable', message: text === '' || text === 'unknown' ? none : text }
  }
  if (code === 415) return { reason: 'UnsupportedMediaType', message: text }
  if (code >= 500) {
    const message = `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`
    return { reason: 'InternalError', message }
  }
  return {
    reason: '',
    message: `the server responded with the status code ${code} but did not return more information`,
  }
}
