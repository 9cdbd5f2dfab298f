import { setTimeout as sleep } from 'node:timers/promises'
import {
  jsonOf,
  type ReferenceAnswer,
  type ReferenceApi,
  type ReferenceRequest,
  warningsOf,
  warningText,
} from './api.ts'
import { type Comparison, difference } from './compare.ts'
import {
  asDelete,
  ownNamespace,
  type ReferenceCase,
  type RunCase,
  removeNamespace,
  type SentRequest,
  withNamespace,
} from './object-cases.ts'
import { valueAt } from './paths.ts'

/** Requests one after another: `sequences.jsonl` and `semantics.jsonl`. */

type Headers = ReferenceRequest['headers']

interface Until {
  readonly status?: number
  readonly code?: number
  readonly field?: string
  readonly value?: unknown
  readonly text?: string
  readonly contains?: string
  readonly warn?: string
}

interface Expectation {
  readonly status: number
  readonly headers?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly fields?: Readonly<Record<string, unknown>>
  readonly events?: readonly { type: string; object: unknown }[]
  readonly text?: string
  readonly lines?: readonly string[]
  readonly prefix?: string
  readonly claims?: Readonly<Record<string, unknown>>
}

interface SequenceStep {
  readonly method: string
  readonly path: string
  readonly headers?: Headers
  readonly body?: unknown
  readonly text?: string
  readonly auth?: 'none'
  readonly capture?: Readonly<Record<string, string>>
  readonly watch?: boolean
  readonly until?: Until
  readonly timeout?: number
  readonly wait?: number
  readonly expect?: Expectation
  readonly managedFields?: boolean
  readonly unordered?: boolean
  readonly optional?: boolean
}

export interface SequenceCase extends ReferenceCase {
  /** Touches what other cases see, and runs alone. */
  readonly serial?: boolean
  readonly title: string
  readonly steps: readonly SequenceStep[]
  readonly cleanup?: readonly (string | SentRequest)[]
}

/** How long a step with `until` is repeated when it does not say. */
const untilSeconds = 5
const untilPauseMs = 100

export const runSequence: RunCase<SequenceCase> = async (api, each) => {
  const namespace = await ownNamespace(api)
  const here = withNamespace(each, namespace)
  const captured = new Map<string, string>()
  try {
    for (const [index, template] of here.steps.entries()) {
      const step = withCaptured(template, captured)
      if (step.wait) await sleep(step.wait * 1_000)
      const found = await runStep(api, step, captured)
      if (found && !step.optional) return `step ${index} (${step.method} ${step.path}): ${found}`
    }
    return undefined
  } finally {
    for (const step of withCaptured(here.cleanup ?? [], captured)) await api.send(asDelete(step))
    await removeNamespace(api, namespace)
  }
}

function withCaptured<T>(value: T, captured: ReadonlyMap<string, string>): T {
  let text = JSON.stringify(value)
  for (const [name, replacement] of captured)
    text = text.replaceAll(`\${${name}}`, JSON.stringify(replacement).slice(1, -1))
  return JSON.parse(text) as T
}

async function runStep(
  api: ReferenceApi,
  step: SequenceStep,
  captured: Map<string, string>,
): Promise<string | undefined> {
  let attempts = step.until ? ((step.timeout ?? untilSeconds) * 1_000) / untilPauseMs : 1
  for (;;) {
    const answer = await api.send({
      method: step.method,
      path: step.path,
      ...(step.headers && { headers: step.headers }),
      ...(step.text === undefined ? step.body !== undefined && { body: step.body } : { raw: step.text }),
      anonymous: step.auth === 'none',
    })
    capture(answer, step.capture, captured)
    const isReached = !step.until || reached(step.until, answer)
    const found = isReached ? expectationDifference(step, answer) : 'the awaited answer did not come'
    if (!found || --attempts <= 0) return found
    await sleep(untilPauseMs)
  }
}

function capture(answer: ReferenceAnswer, wanted: SequenceStep['capture'], captured: Map<string, string>): void {
  for (const [name, path] of Object.entries(wanted ?? {})) {
    const value = valueAt(jsonOf(answer), path)
    if (value !== undefined) captured.set(name, String(value))
  }
}

function reached(until: Until, answer: ReferenceAnswer): boolean {
  const text = answer.bytes.toString()
  if (until.status !== undefined && answer.status !== until.status) return false
  if (until.code !== undefined && answer.status !== until.code) return false
  if (until.text !== undefined && !text.includes(until.text)) return false
  if (until.contains !== undefined && !text.includes(until.contains)) return false
  if (until.warn !== undefined && !warningsOf(answer).some((warning) => warning.includes(until.warn!))) return false
  return until.field === undefined || (valueAt(jsonOf(answer), until.field) ?? null) === until.value
}

function expectationDifference(step: SequenceStep, answer: ReferenceAnswer): string | undefined {
  const { expect } = step
  if (!expect) return undefined
  if (answer.status !== expect.status) {
    return `status ${answer.status} instead of ${expect.status}: ${answer.bytes.toString().slice(0, 300)}`
  }
  const options = { managedFields: step.managedFields ?? false, unordered: step.unordered ?? false }
  return headersDifference(expect.headers, answer) ?? contentDifference(step, answer, options)
}

function contentDifference(
  { expect = { status: 0 }, watch: isStream }: SequenceStep,
  answer: ReferenceAnswer,
  options: Comparison,
): string | undefined {
  const text = answer.bytes.toString()
  if (expect.body !== undefined) return difference(expect.body, jsonOf(answer), options)
  if (expect.text !== undefined) return difference(expect.text, text, options)
  if (expect.events) return difference(expect.events, eventsOf(text), options)
  if (expect.prefix !== undefined) return difference(expect.prefix, answer.bytes.subarray(0, 4).toString('hex'))
  if (expect.lines) {
    const missing = expect.lines.find((line) => !text.split('\n').includes(line))
    return missing === undefined ? undefined : `no line ${missing}`
  }
  if (!expect.fields) return undefined
  const body = isStream ? eventsOf(text) : jsonOf(answer)
  for (const [path, value] of Object.entries(expect.fields)) {
    const found = difference(value, valueAt(body, path) ?? null, options, path)
    if (found) return found
  }
  return undefined
}

/** The objects of a watch stream; bookmarks only where they end the initial events. */
function eventsOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { type: string; object?: { metadata?: { annotations?: object } } })
    .filter(({ type, object }) => type !== 'BOOKMARK' || object?.metadata?.annotations)
}

function headersDifference(expected: Expectation['headers'], answer: ReferenceAnswer): string | undefined {
  for (const [name, value] of Object.entries(expected ?? {})) {
    const isWarning = name.toLowerCase() === 'warning'
    const recorded = isWarning ? [value].flat().map((text) => warningText(String(text))) : withoutBlanks(value)
    const actual = isWarning ? warningsOf(answer) : withoutBlanks(answer.headers[name.toLowerCase()])
    const found = difference(recorded, Array.isArray(recorded) && !Array.isArray(actual) ? [actual] : actual, {}, name)
    if (found) return found
  }
  return undefined
}

/** Blanks after a semicolon mean nothing: the recordings were made by two programs. */
function withoutBlanks(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/; +/g, ';') : value
}

interface SemanticsStep {
  readonly method?: string
  readonly path?: string
  readonly query?: Readonly<Record<string, string>> | string
  readonly headers?: Headers
  readonly body?: unknown
  readonly rawBody?: string
  readonly base64Body?: string
  readonly watch?: boolean
  readonly until?: Until
  readonly noAuth?: boolean
  readonly unordered?: boolean
  readonly sleep?: number
  readonly compact?: boolean
  readonly response?: { code: number; headers?: Readonly<Record<string, unknown>>; body?: unknown }
}

/** Most of these cases tell which writes an answer is as new as, and no one else may write then; not those that wait. */
export function isAboutVersions({ steps }: SemanticsCase): boolean {
  return !steps.some(({ sleep: seconds, until }) => seconds !== undefined || until)
}

export interface SemanticsCase extends ReferenceCase {
  readonly setup?: readonly ReferenceRequest[]
  readonly steps: readonly SemanticsStep[]
  readonly cleanup?: readonly (string | SentRequest)[]
}

export const runSemantics: RunCase<SemanticsCase> = async (api, each) => {
  if (each.steps.some(({ compact }) => compact)) return 'needs a server whose store can be compacted on request'
  for (const request of each.setup ?? []) await api.send(request)
  const numbered = new Map<string, string>()
  const answers: unknown[] = []
  try {
    for (const [index, template] of each.steps.entries()) {
      if (template.sleep) await sleep(template.sleep * 1_000)
      const found = template.path ? await runSemanticsStep(api, template, { numbered, answers }) : undefined
      if (found) return `step ${index}: ${found}`
    }
    return undefined
  } finally {
    for (const step of each.cleanup ?? []) await api.send(asDelete(step))
  }
}

interface Progress {
  readonly numbered: Map<string, string>
  /** By step: `${i.a.b}` is the value at `a.b` in the answer to step i. */
  readonly answers: unknown[]
}

async function runSemanticsStep(
  api: ReferenceApi,
  template: SemanticsStep,
  { numbered, answers }: Progress,
): Promise<string | undefined> {
  const step = withAnswers(template, answers)
  const query = typeof step.query === 'string' ? step.query : new URLSearchParams(step.query).toString()
  const raw = step.rawBody ?? (step.base64Body === undefined ? undefined : Buffer.from(step.base64Body, 'base64'))
  let attempts = step.until ? (untilSeconds * 1_000) / untilPauseMs : 1
  for (;;) {
    const answer = await api.send({
      method: step.method!,
      path: query ? `${step.path}?${query}` : step.path!,
      ...(step.headers && { headers: step.headers }),
      ...(raw === undefined ? step.body !== undefined && { body: step.body } : { raw }),
      anonymous: step.noAuth ?? false,
    })
    const body = step.watch ? eventsOf(answer.bytes.toString()) : jsonOf(answer)
    const found =
      step.until && !reached(step.until, answer)
        ? 'the awaited answer did not come'
        : responseDifference(step, body, answer, numbered)
    if (!found || --attempts <= 0) {
      answers.push(body)
      return found
    }
    await sleep(untilPauseMs)
  }
}

function responseDifference(
  { response, unordered }: SemanticsStep,
  body: unknown,
  answer: ReferenceAnswer,
  numbered: Map<string, string>,
): string | undefined {
  if (!response) return undefined
  if (answer.status !== response.code) {
    return `status ${answer.status} instead of ${response.code}: ${answer.bytes.toString().slice(0, 300)}`
  }
  const options = { numbered, unordered: unordered ?? false, managedFields: true }
  return headersDifference(response.headers, answer) ?? difference(response.body, body, options)
}

function withAnswers<T>(step: T, answers: readonly unknown[]): T {
  const text = JSON.stringify(step).replace(/\$\{(\d+)\.([^}]+)\}/g, (_, index: string, path: string) => {
    const value = valueAt(answers[Number(index)], path)
    return JSON.stringify(String(value ?? '')).slice(1, -1)
  })
  return JSON.parse(text) as T
}
