import { randomUUID } from 'node:crypto'
import { internalError } from '../../machinery/errors.ts'
import { StatusError } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import { isLongRunning } from '../long-running.ts'
import type { Answer, Handler, RequestContext, Step } from '../request.ts'
import type { AuditBackend } from './audit-event.ts'
import { AuditRecord } from './audit-record.ts'
import { type AuditPolicy, policyEvaluator } from './policy.ts'

export interface AuditOptions {
  readonly policy: AuditPolicy
  readonly backend: AuditBackend
  readonly clock: Clock
}

export interface Audit {
  /** Before authentication: notes the requests that it, or a step before the next one, refuses. */
  readonly refused: Step
  /** After authentication: notes all others. */
  readonly step: Step
}

/** Notes who did what, as the policy says. After apiserver endpoints/filters/audit.go v1.36. */
export function createAudit({ policy, backend, clock }: AuditOptions): Audit {
  const evaluate = policyEvaluator(policy)
  const seen = new WeakSet<RequestContext>()
  const recordOf = (context: RequestContext): AuditRecord | undefined => {
    seen.add(context)
    const config = evaluate(context.info, context.user)
    if (config.level === 'None') return undefined
    const auditId = context.requestId ?? randomUUID()
    return new AuditRecord({ context, config, backend, auditId, nowMs: () => clock.nowMs() })
  }
  return {
    async refused(context, next) {
      try {
        return await next(context)
      } catch (error) {
        if (error instanceof StatusError && !seen.has(context)) noteRefusal(recordOf(context), context, error)
        throw error
      }
    },
    step(context, next) {
      const record = recordOf(context)
      if (!record) return next(context)
      context.annotate = (key, value, level) => record.annotate(key, value, level)
      context.noteRequestObject = (object) => record.noteRequestObject(object)
      record.enter('RequestReceived')
      return noted(record, context, next)
    },
  }
}

async function noted(record: AuditRecord, context: RequestContext, next: Handler): Promise<Answer> {
  let answer: Answer
  try {
    answer = await next(context)
  } catch (error) {
    noteError(record, context, error)
    throw error
  }
  record.noteAnswer(answer)
  if (answer.kind === 'watch') {
    record.enter('ResponseStarted')
    return {
      ...answer,
      stream: { start: (sink) => answer.stream.start(sink), stop: completing(record, answer.stream) },
    }
  }
  if (isLongRunning(context.info)) record.enter('ResponseStarted')
  if (answer.kind === 'takeover') {
    return { ...answer, run: (connection) => answer.run(connection).finally(() => record.enter('ResponseComplete')) }
  }
  record.enter('ResponseComplete')
  return answer
}

/** Ends a stream, and says so the first time. */
function completing(record: AuditRecord, stream: { stop(): void }): () => void {
  let isComplete = false
  return () => {
    stream.stop()
    if (isComplete) return
    isComplete = true
    record.enter('ResponseComplete')
  }
}

function noteError(record: AuditRecord, context: RequestContext, error: unknown): void {
  const { status } = error instanceof StatusError ? error : internalError(error)
  record.noteAnswer({ kind: 'status', status })
  if (!(error instanceof StatusError)) record.enter('Panic')
  else {
    if (isLongRunning(context.info)) record.enter('ResponseStarted')
    record.enter('ResponseComplete')
  }
}

function noteRefusal(record: AuditRecord | undefined, context: RequestContext, { code, message }: StatusError): void {
  if (!record) return
  record.noteStatus({ metadata: {}, message: code === 401 ? failedAuthentication(context) : message, code })
  record.enter('ResponseStarted')
}

/** After endpoints/filters/authn_audit.go. */
function failedAuthentication({ headers, connection }: RequestContext): string {
  const authorization = (headers.get('authorization') ?? '').trim()
  const attempted = [
    ...(/^basic /i.test(authorization) ? ['basic'] : []),
    ...(/^bearer /i.test(authorization) ? ['bearer'] : []),
    ...(connection.clientCertificate || connection.clientCertificateError ? ['x509'] : []),
  ]
  if (attempted.length === 0) return 'Authentication failed, no credentials provided'
  return `Authentication failed, attempted: ${attempted.join(', ')}`
}
