import { tooManyRequests } from '../../machinery/errors.ts'
import type { Answer } from '../request.ts'

/** What upstream says to those it refuses. */
const refusal = 'Too many requests, please try again later.'

/** As text, like upstream's filters; components in this process get the Status that it stands for. */
export function tooManyRequestsAnswer(retryAfterSeconds: number, asStatus: boolean): Answer {
  if (asStatus) return { kind: 'status', status: tooManyRequests(refusal, retryAfterSeconds).status }
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'retry-after': String(retryAfterSeconds),
  }
  return { kind: 'bytes', status: 429, headers, body: `${refusal}\n` }
}
