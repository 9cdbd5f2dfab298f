import { forbidden } from '../../machinery/errors.ts'
import type { StatusError } from '../../machinery/status.ts'
import type { Clock } from '../../platform/clock.ts'
import type { Answer, RequestContext, Step } from '../request.ts'
import type { AuthorizationMetrics } from './authorization-metrics.ts'
import type { AuthorizationAttributes, Authorizer, Decision } from './authorizer.ts'

/**
 * Lets through what the authorizer allows; 403 for the rest, and 500 where it could not be found out who may do what.
 * After apiserver endpoints/filters/authorization.go v1.36.
 */
export function authorize(authorizer: Authorizer, metrics: AuthorizationMetrics, clock: Clock): Step {
  return (context, next) => {
    const startMs = clock.monotonicMs()
    const attributes = attributesOf(context)
    const decision = authorizer.authorize(attributes)
    const goOn = (made: Decision): Promise<Answer> => {
      metrics.attempt(made, clock.monotonicMs() - startMs)
      noteDecision(context, made)
      if (!made.allowed && made.error !== undefined) return Promise.resolve(internalError(context, made.error))
      requireAllowed(attributes, made)
      return next(context)
    }
    // Most decisions are made at once, and the request goes on without a detour.
    return decision instanceof Promise ? decision.then(goOn) : goOn(decision)
  }
}

/** For the audit log. */
function noteDecision({ annotate }: RequestContext, { allowed, reason, error }: Decision): void {
  if (!annotate) return
  if (!allowed && error !== undefined) {
    annotate('authorization.k8s.io/reason', 'internal error', 'Metadata')
    return
  }
  annotate('authorization.k8s.io/decision', allowed ? 'allow' : 'forbid', 'Metadata')
  annotate('authorization.k8s.io/reason', reason, 'Metadata')
}

/** After apiserver endpoints/handlers/responsewriters InternalError v1.36. */
function internalError({ requestUri, path }: RequestContext, error: string): Answer {
  const body = `${sanitize(`Internal Server Error: ${quote(requestUri ?? path)}: ${error}`)}\n`
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  return { kind: 'bytes', status: 500, headers, body }
}

/** Throws the 403 of a decision that allows nothing. */
export function requireAllowed(attributes: AuthorizationAttributes, { allowed, reason }: Decision): void {
  if (!allowed) throw forbiddenRequest(attributes, reason)
}

const verbsWithSelectors: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])

/** What a request asks leave for. */
export function attributesOf({
  info,
  user,
  query,
}: Pick<RequestContext, 'info' | 'user' | 'query'>): AuthorizationAttributes {
  const { verb, isResourceRequest, group, version, resource, subresource, name, namespace, path } = info
  const attributes = { user, verb, isResourceRequest, group, version, resource, subresource, name, namespace, path }
  if (!isResourceRequest || !verbsWithSelectors.has(verb)) return attributes
  const fieldSelector = query.get('fieldSelector')
  const labelSelector = query.get('labelSelector')
  if (!fieldSelector && !labelSelector) return attributes
  return { ...attributes, ...(fieldSelector && { fieldSelector }), ...(labelSelector && { labelSelector }) }
}

/** After apiserver endpoints/handlers/responsewriters/errors.go v1.36. */
export function forbiddenRequest(attributes: AuthorizationAttributes, reason: string): StatusError {
  const text = sanitize(describe(attributes))
  const { group, resource, name } = attributes
  return forbidden({ group, resource }, name, reason === '' ? text : `${text}: ${reason}`)
}

function describe(attributes: AuthorizationAttributes): string {
  const { user, verb, isResourceRequest, path, group, resource, subresource, namespace } = attributes
  const who = `User ${quote(user.name)} cannot ${verb}`
  if (!isResourceRequest) return `${who} path ${quote(path)}`
  const what = quote(subresource === '' ? resource : `${resource}/${subresource}`)
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quote(namespace)}`
  return `${who} resource ${what} in API group ${quote(group)} ${where}`
}

/** Nothing in the text may look like HTML to a browser. */
function sanitize(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}

function quote(text: string): string {
  return JSON.stringify(text)
}
