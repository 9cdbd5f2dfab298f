import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forbidden, unauthorized } from '../../machinery/errors.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { HttpRequestContext, NodeHeaders } from '../http/request-context.ts'
import { compose } from '../pipeline.ts'
import type { Answer, Handler, Step, WatchAnswer } from '../request.ts'
import { parseRequestInfo } from '../request-info.ts'
import { createAudit } from './audit.ts'
import type { AuditEvent } from './audit-event.ts'
import { readAuditPolicy } from './policy.ts'

const alice = { name: 'alice', groups: ['system:authenticated'], extra: { scope: ['x'] } }

interface Given {
  readonly method?: string
  readonly url?: string
  readonly level?: string
  readonly headers?: Record<string, string>
  readonly authenticate?: Step
  readonly serve: Handler
}

/** The events of one request, beside what it was answered. */
async function audited({ method = 'GET', url = '/api/v1/pods', level, headers = {}, serve, ...given }: Given) {
  const events: AuditEvent[] = []
  const backend = { write: (event: AuditEvent) => void events.push(event), close: async () => {} }
  const rule = `rules: [{level: ${level ?? 'Metadata'}}]`
  const policy = readAuditPolicy(`apiVersion: audit.k8s.io/v1\nkind: Policy\nomitManagedFields: true\n${rule}`)
  const { refused, step } = createAudit({ policy, backend, clock: new VirtualClock() })
  const context = new HttpRequestContext({
    method,
    url,
    headers: new NodeHeaders({ 'user-agent': 'test/1', ...headers }),
    body: { kind: 'none' },
    connection: { transport: 'h2', remoteAddress: '::ffff:10.0.0.9' },
    receivedMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    requestId: 'the-id',
  })
  context.info = parseRequestInfo(method, context.path, context.query)
  const identify: Step = (request, next) => {
    request.user = alice
    return next(request)
  }
  const answer = compose([refused, given.authenticate ?? identify, step], serve)(context)
  return { events, answer: await answer.catch((error: unknown) => error as Error) }
}

const configMap = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c', namespace: 'a', managedFields: [] } }
const found: Answer = { kind: 'object', status: 200, object: configMap }

test('a request leaves an event when it comes and one when it is answered', async () => {
  const { events } = await audited({
    url: '/api/v1/namespaces/a/configmaps/c?pretty=1',
    headers: { 'x-forwarded-for': '192.0.2.1, nonsense, 192.0.2.2' },
    serve: async () => found,
  })
  const common = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: 'the-id',
    requestURI: '/api/v1/namespaces/a/configmaps/c?pretty=1',
    verb: 'get',
    user: { username: 'alice', groups: ['system:authenticated'], extra: { scope: ['x'] } },
    sourceIPs: ['192.0.2.1', '192.0.2.2', '10.0.0.9'],
    userAgent: 'test/1',
    objectRef: { resource: 'configmaps', namespace: 'a', name: 'c', apiVersion: 'v1' },
    requestReceivedTimestamp: '2026-01-02T03:04:05.006000Z',
  }
  const stageTimestamp = events[0]!.stageTimestamp
  assert.deepEqual(events, [
    { ...common, stage: 'RequestReceived', stageTimestamp },
    { ...common, stage: 'ResponseComplete', stageTimestamp, responseStatus: { metadata: {}, code: 200 } },
  ])
})

test('the level says how much of the objects is noted', async () => {
  const serve: Handler = async (context) => {
    const sent = { kind: 'ConfigMap', metadata: { name: 'c', uid: 'u' }, data: { a: '1' } }
    context.noteRequestObject?.(sent)
    sent.data.a = 'changed by admission'
    return found
  }
  const last = async (level: string) => (await audited({ level, serve })).events.at(-1)!
  const shown = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c', namespace: 'a' } }
  const [metadata, request, all] = [await last('Metadata'), await last('Request'), await last('RequestResponse')]
  assert.deepEqual([metadata.requestObject, metadata.responseObject], [undefined, undefined])
  assert.equal(metadata.objectRef?.uid, 'u')
  assert.deepEqual((request.requestObject as { data: object }).data, { a: '1' })
  assert.deepEqual([request.responseObject, all.responseObject], [undefined, shown])
})

test('a refusal is noted with its reason, annotations and the impersonated user', async () => {
  const { events } = await audited({
    serve: async (context) => {
      context.user = { ...alice, name: 'bob' }
      context.annotate?.('authorization.k8s.io/decision', 'forbid', 'Metadata')
      context.annotate?.('authorization.k8s.io/decision', 'allow', 'Metadata')
      context.annotate?.('patch', 'too much', 'Request')
      throw forbidden({ group: '', resource: 'pods' }, 'p', 'no')
    },
  })
  const { impersonatedUser, responseStatus, annotations } = events.at(-1)!
  assert.equal(impersonatedUser?.username, 'bob')
  assert.equal(responseStatus?.reason, 'Forbidden')
  assert.deepEqual(annotations, { 'authorization.k8s.io/decision': 'forbid' })
})

test('who cannot be authenticated is noted with what was tried', async () => {
  const { events } = await audited({
    headers: { authorization: 'Bearer nope' },
    authenticate: () => Promise.reject(unauthorized()),
    serve: async () => found,
  })
  assert.deepEqual(
    events.map(({ stage, responseStatus }) => [stage, responseStatus?.message, responseStatus?.code]),
    [['ResponseStarted', 'Authentication failed, attempted: bearer', 401]],
  )
})

test('an unexpected error is a panic', async () => {
  const { events } = await audited({ serve: () => Promise.reject(new Error('broken')) })
  assert.deepEqual(
    events.map(({ stage }) => stage),
    ['RequestReceived', 'Panic'],
  )
})

test('a watch is noted when it starts and when it ends', async () => {
  const stream: WatchAnswer = { start: () => {}, stop: () => {} }
  const { events, answer } = await audited({
    url: '/api/v1/pods?watch=1',
    serve: async () => ({ kind: 'watch', stream }),
  })
  const stages = () => events.map(({ stage }) => stage)
  assert.deepEqual(stages(), ['RequestReceived', 'ResponseStarted'])
  const watch = (answer as Extract<Answer, { kind: 'watch' }>).stream
  watch.stop()
  watch.stop()
  assert.deepEqual(stages(), ['RequestReceived', 'ResponseStarted', 'ResponseComplete'])
})
