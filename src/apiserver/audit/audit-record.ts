import type { KubeObject } from '../../machinery/object.ts'
import type { Status } from '../../machinery/status.ts'
import { formatMicroTime } from '../../machinery/time.ts'
import type { Answer, ListAnswer, RequestContext, UserInfo } from '../request.ts'
import {
  type AuditBackend,
  type AuditEvent,
  type AuditStage,
  atLeast,
  auditUser,
  type ObjectReference,
} from './audit-event.ts'
import type { AuditConfig } from './policy.ts'
import { sourceIps } from './source-ips.ts'

/** Longer names of clients are cut. After audit/request.go v1.36. */
const longestUserAgent = 1024

type ResponseStatus = NonNullable<AuditEvent['responseStatus']>

export interface AuditRecordOptions {
  readonly context: RequestContext
  readonly config: AuditConfig
  readonly backend: AuditBackend
  readonly auditId: string
  readonly nowMs: () => number
}

/** What is noted of one request while it is served. After apiserver audit/context.go v1.36. */
export class AuditRecord {
  readonly #options: AuditRecordOptions
  readonly #user: UserInfo
  readonly #annotations: Record<string, string> = {}
  #reference: ObjectReference | undefined
  #requestObject: unknown
  #responseObject: unknown
  #responseStatus: ResponseStatus | undefined

  constructor(options: AuditRecordOptions) {
    this.#options = options
    this.#user = options.context.user
    this.#reference = referenceOf(options.context)
  }

  /** A key that is there already keeps its value. */
  annotate(key: string, value: string, level: 'Metadata' | 'Request'): void {
    if (!atLeast(this.#options.config.level, level) || Object.hasOwn(this.#annotations, key)) return
    this.#annotations[key] = value
  }

  /** What the client sent, before the server has changed anything of it. */
  noteRequestObject(object: unknown): void {
    const { metadata } = (object ?? {}) as KubeObject
    this.#reference = completed(this.#reference, metadata)
    if (!atLeast(this.#options.config.level, 'Request')) return
    // A copy: the object is going to be changed.
    this.#requestObject = JSON.parse(JSON.stringify(this.#shown(object)))
  }

  noteAnswer(answer: Answer): void {
    switch (answer.kind) {
      case 'object':
        this.#noteObject(answer.object, answer.status)
        break
      case 'list':
        this.#noteObject(listObject(answer.list), 200)
        break
      case 'status':
        this.#noteObject(answer.status, answer.status.code ?? 200)
        break
      case 'bytes':
        this.#responseStatus = { metadata: {}, code: answer.status }
        break
      case 'watch':
        this.#responseStatus = { metadata: {}, code: 200 }
        break
      case 'takeover':
        this.#responseStatus = { metadata: {}, code: 101 }
    }
  }

  noteStatus(status: ResponseStatus): void {
    this.#responseStatus = status
  }

  /** Sends the event of a stage, unless the policy leaves it out. */
  enter(stage: AuditStage): void {
    const { config, backend, auditId, context, nowMs } = this.#options
    if (config.omitStages.has(stage)) return
    const userAgent = context.headers.get('user-agent')
    const ips = sourceIps(context)
    backend.write({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: config.level,
      auditID: auditId,
      stage,
      requestURI: context.requestUri ?? uriOf(context),
      verb: context.info.verb,
      user: auditUser(this.#user),
      ...(context.user !== this.#user && { impersonatedUser: auditUser(context.user) }),
      ...(ips.length > 0 && { sourceIPs: ips }),
      ...(userAgent && { userAgent: shortened(userAgent) }),
      ...(this.#reference && { objectRef: this.#reference }),
      ...(this.#responseStatus && { responseStatus: this.#responseStatus }),
      ...(this.#requestObject !== undefined && { requestObject: this.#requestObject }),
      ...(this.#responseObject !== undefined && { responseObject: this.#responseObject }),
      requestReceivedTimestamp: formatMicroTime(context.receivedMs),
      stageTimestamp: formatMicroTime(nowMs()),
      ...(Object.keys(this.#annotations).length > 0 && { annotations: { ...this.#annotations } }),
    })
  }

  #noteObject(object: object, code: number): void {
    this.#responseStatus = { metadata: {}, ...statusFields(object), code }
    if (atLeast(this.#options.config.level, 'RequestResponse')) this.#responseObject = this.#shown(object)
  }

  #shown(object: unknown): unknown {
    return this.#options.config.omitManagedFields ? withoutManagedFields(object) : object
  }
}

function referenceOf({ info }: RequestContext): ObjectReference | undefined {
  if (!info.isResourceRequest) return undefined
  const { resource, namespace, name, group, version, subresource } = info
  return {
    resource,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(group && { apiGroup: group }),
    apiVersion: version,
    ...(subresource && { subresource }),
  }
}

/** With what only the object itself tells, in the order of upstream's fields. */
function completed(
  reference: ObjectReference | undefined,
  metadata: KubeObject['metadata'],
): ObjectReference | undefined {
  if (!reference || !metadata) return reference
  const { resource, apiGroup, apiVersion, subresource } = reference
  const namespace = reference.namespace ?? metadata.namespace
  const name = reference.name ?? metadata.name
  const { uid, resourceVersion } = metadata
  return {
    ...(resource && { resource }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(uid && { uid }),
    ...(apiGroup && { apiGroup }),
    ...(apiVersion && { apiVersion }),
    ...(resourceVersion && { resourceVersion }),
    ...(subresource && { subresource }),
  }
}

/** Of a Status the bounded fields; of every other object nothing. */
function statusFields(object: object): Omit<ResponseStatus, 'metadata' | 'code'> {
  if ((object as KubeObject).kind !== 'Status') return {}
  const { status, message, reason, details } = object as Status
  return {
    ...(status && { status }),
    ...(message && { message }),
    ...(reason && { reason }),
    ...(details && { details }),
  }
}

function listObject({ kind, apiVersion, metadata, items }: ListAnswer): object {
  return { kind, apiVersion, metadata, items: items.map(({ object }) => object) }
}

type WithItems = { readonly metadata?: object; readonly items?: unknown; readonly rows?: unknown; object?: unknown }

/** The object, the items of a list or the rows of a Table without their managed fields. */
function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object
  const { metadata, items, rows } = object as WithItems
  const { managedFields: _fields, ...rest } = (metadata ?? {}) as { managedFields?: unknown }
  return {
    ...object,
    ...(metadata && { metadata: rest }),
    ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }),
    ...(Array.isArray(rows) && {
      rows: rows.map((row: WithItems) => ({ ...row, object: withoutManagedFields(row.object) })),
    }),
  }
}

function shortened(userAgent: string): string {
  return userAgent.length > longestUserAgent ? `${userAgent.slice(0, longestUserAgent)}...TRUNCATED` : userAgent
}

function uriOf({ path, query }: RequestContext): string {
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}
