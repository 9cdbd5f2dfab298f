import { jsonOf, type ReferenceAnswer, type ReferenceApi, warningsOf, warningText } from './api.ts'
import { difference } from './compare.ts'

/** What a case says of itself; all kinds of cases share it. */
export interface ReferenceCase {
  readonly key: string
}

/** Answers what is different from the recording, or `undefined`. */
export type RunCase<C extends ReferenceCase> = (api: ReferenceApi, each: C) => Promise<string | undefined>

export interface SentRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface DefaultingCase extends ReferenceCase {
  readonly kind: string
  readonly path: string
  readonly request: unknown
  readonly status: number
  readonly response: unknown
  readonly managedFields?: unknown
  readonly warnings?: readonly string[]
  readonly unordered?: boolean
}

export const runDefaulting: RunCase<DefaultingCase> = async (api, each) => {
  const answer = await api.send({ method: 'POST', path: each.path, body: each.request })
  const body = jsonOf(answer)
  return (
    statusDifference(each.status, answer) ??
    difference(anyCaller(each.response), anyCaller(body), { unordered: each.unordered ?? false }) ??
    warningsDifference(each.warnings, answer)
  )
}

/** The managed fields of the same answers: apart, so that one does not hide the other. */
export const runManagedFields: RunCase<DefaultingCase> = async (api, each) => {
  if (each.managedFields === undefined) return undefined
  const body = jsonOf(await api.send({ method: 'POST', path: each.path, body: each.request }))
  const actual = (body as { metadata?: { managedFields?: unknown } }).metadata?.managedFields
  return difference(each.managedFields, actual, { managedFields: true }, '$.metadata.managedFields')
}

export interface ValidationCase extends ReferenceCase {
  readonly kind: string
  readonly method: string
  readonly path: string
  readonly contentType?: string
  readonly request: unknown
  readonly status: number
  readonly response: unknown
  readonly warnings?: readonly string[]
  readonly unstable?: boolean
}

export const runValidation: RunCase<ValidationCase> = async (api, each) => {
  const answer = await api.send({
    method: each.method,
    path: each.path,
    headers: each.contentType ? { 'content-type': each.contentType } : {},
    body: each.request,
  })
  const [expected, actual] = [each.response, jsonOf(answer)].map((body) =>
    anyCaller(each.unstable ? inFixedOrder(body) : body),
  )
  return (
    statusDifference(each.status, answer) ?? difference(expected, actual) ?? warningsDifference(each.warnings, answer)
  )
}

function statusDifference(expected: number, { status, bytes }: ReferenceAnswer): string | undefined {
  if (status === expected) return undefined
  return `status ${status} instead of ${expected}: ${bytes.toString().slice(0, 300)}`
}

function warningsDifference(expected: readonly string[] | undefined, answer: ReferenceAnswer): string | undefined {
  return difference((expected ?? []).map(warningText), warningsOf(answer), {}, 'warnings')
}

interface Review {
  kind?: string
  spec?: Record<string, unknown>
  status?: { userInfo?: unknown }
}

/** Who calls is not compared where an answer tells it. */
function anyCaller(body: unknown): unknown {
  const { kind } = (body ?? {}) as Review
  if (kind !== 'CertificateSigningRequest' && kind !== 'SelfSubjectReview') return body
  const copy = structuredClone(body) as Review
  for (const field of ['username', 'groups', 'uid', 'extra']) delete copy.spec?.[field]
  if (copy.status) delete copy.status.userInfo
  return copy
}

interface FailedStatus {
  message?: string
  details?: { causes?: { field?: string; message?: string }[] }
}

/** Causes and the parts of the message sorted, where their order differs from run to run. */
function inFixedOrder(body: unknown): unknown {
  const copy = structuredClone(body) as FailedStatus
  copy.details?.causes?.sort((a, b) => `${a.field} ${a.message}`.localeCompare(`${b.field} ${b.message}`))
  if (copy.message)
    copy.message = copy.message
      .split(/, (?=[\w.[\]]+: )|[[\]]/)
      .sort()
      .join('|')
  return copy
}

export interface TableCase extends ReferenceCase {
  readonly kind: string
  readonly create: readonly SentRequest[]
  readonly get?: string
  readonly request?: SentRequest
  readonly columns: readonly Record<string, unknown>[]
  readonly rows: readonly unknown[]
  readonly cleanup?: readonly (string | SentRequest)[]
}

const tableForm = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

interface Table {
  columnDefinitions?: Record<string, unknown>[]
  rows?: { cells: unknown[] }[]
}

/** Needs a namespace of its own for `${ns}`. */
export const runTable: RunCase<TableCase> = async (api, each) => {
  const namespace = await ownNamespace(api)
  const here = withNamespace(each, namespace)
  try {
    for (const step of here.create) await api.send(step)
    const asked = here.request ?? { method: 'GET', path: here.get! }
    const table = jsonOf(await api.send({ ...asked, headers: { ...asked.headers, accept: tableForm } })) as Table
    const columns = table.columnDefinitions?.map(({ description: _description, ...column }) => column)
    const expected = here.columns.map(({ description: _description, ...column }) => column)
    return (
      difference(expected, columns, {}, 'columns') ??
      difference(
        here.rows,
        table.rows?.map(({ cells }) => ({ cells })),
        {},
        'rows',
      )
    )
  } finally {
    for (const step of here.cleanup ?? []) await api.send(asDelete(step))
    await removeNamespace(api, namespace)
  }
}

export function asDelete(step: string | SentRequest): SentRequest {
  return typeof step === 'string' ? { method: 'DELETE', path: step } : step
}

/** A case with `${ns}` replaced everywhere. */
export function withNamespace<C>(each: C, namespace: string): C {
  return JSON.parse(JSON.stringify(each).replaceAll(`\${ns}`, namespace)) as C
}

/** A namespace that no other case uses, with the ServiceAccount that a controller would make. */
export async function ownNamespace(api: ReferenceApi): Promise<string> {
  const name = api.freshName()
  await api.send({
    method: 'POST',
    path: '/api/v1/namespaces',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  })
  await api.send({
    method: 'POST',
    path: `/api/v1/namespaces/${name}/serviceaccounts`,
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
  })
  return name
}

export async function removeNamespace(api: ReferenceApi, name: string): Promise<void> {
  await api.send({ method: 'DELETE', path: `/api/v1/namespaces/${name}` })
}
