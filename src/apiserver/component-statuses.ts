import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { componentStatus } from '../api/core/component-status.ts'
import type { ComponentCondition } from '../api/types/core/v1.ts'
import { notFound } from '../machinery/errors.ts'
import type { KubeObject } from '../machinery/object.ts'
import type { Clock } from '../platform/clock.ts'
import type { Answer, RequestContext } from './request.ts'
import { listAnswer, objectAnswer, responseForm } from './rest/response-form.ts'
import { selectionOf } from './rest/selection.ts'
import { unstoredObject } from './rest/stored-object.ts'
import { connectionErrorText, deadlineExceeded } from './webhook/connection-error.ts'

/** Parts of a control plane that may run in the server's own process. */
export type ControlPlaneComponent = 'controller-manager' | 'scheduler'

export interface ComponentStatusOptions {
  /** How the datastore is; throws when it is not well. */
  readonly checkStore: () => void | Promise<void>
  /** Whether a component runs in this process. One that does not is looked for where upstream's listens. */
  readonly runsHere: (component: ControlPlaneComponent) => boolean
  readonly clock: Clock
}

type Condition = Omit<ComponentCondition, 'type'>

/** Where upstream's components answer for their health: always on the machine of the API server. */
const healthPorts: Readonly<Record<ControlPlaneComponent, number>> = { 'controller-manager': 10_257, scheduler: 10_259 }
const probeTimeoutMs = 20_000
/** How much of an answer becomes the message. After kubernetes pkg/probe/http maxRespBodyLength. */
const longestAnswer = 10 * 1024

/**
 * Answers `get` and `list` of component statuses, which are asked for and nowhere stored. After kubernetes
 * pkg/registry/core/componentstatus v1.36.
 */
export function createComponentStatuses(options: ComponentStatusOptions): (context: RequestContext) => Promise<Answer> {
  const { runsHere, checkStore, clock } = options
  const component = (name: ControlPlaneComponent) => async (): Promise<Condition> =>
    runsHere(name) ? { status: 'True', message: 'ok' } : probe(`https://127.0.0.1:${healthPorts[name]}/healthz`)
  const checks: Readonly<Record<string, () => Promise<Condition>>> = {
    'controller-manager': component('controller-manager'),
    scheduler: component('scheduler'),
    'etcd-0': () => storeCondition(checkStore),
  }
  return async (context) => {
    context.warnings.push('v1 ComponentStatus is deprecated in v1.19+')
    const answerContext = { definition: componentStatus, form: responseForm(context), nowMs: clock.nowMs() }
    const statusOf = async (name: string) => unstoredObject(componentStatus, await checked(name, checks[name]!))
    const { verb, name } = context.info
    if (verb === 'get') {
      if (!Object.hasOwn(checks, name)) throw notFound({ group: '', resource: 'componentstatus' }, name)
      return objectAnswer(await statusOf(name), 200, answerContext)
    }
    const selection = selectionOf(componentStatus, selectorsOf(context))
    const all = await Promise.all(Object.keys(checks).map(statusOf))
    const matching = all.filter(({ object }) => selection.matches(object))
    return listAnswer({}, matching, answerContext)
  }
}

function selectorsOf({ query }: RequestContext) {
  return { labelSelector: query.get('labelSelector') ?? '', fieldSelector: query.get('fieldSelector') ?? '' }
}

async function checked(name: string, check: () => Promise<Condition>): Promise<KubeObject> {
  const condition = { type: 'Healthy', ...(await check()) }
  const status = { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] }
  return status
}

async function storeCondition(checkStore: ComponentStatusOptions['checkStore']): Promise<Condition> {
  try {
    await checkStore()
    return { status: 'True', message: 'ok' }
  } catch (error) {
    return { status: 'False', error: error instanceof Error ? error.message : String(error) }
  }
}

/** Whoever it is who answers: their certificates are their own. */
async function probe(url: string): Promise<Condition> {
  const request = https.get(url, { rejectUnauthorized: false, agent: false, timeout: probeTimeoutMs })
  request.on('timeout', () => request.destroy(new Error(deadlineExceeded)))
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const message = await textOf(response)
    const { statusCode = 0 } = response
    if (statusCode < 400) return { status: 'True', message }
    return { status: 'False', message: `HTTP probe failed with statuscode: ${statusCode}` }
  } catch (error) {
    return { status: 'False', message: `Get ${JSON.stringify(url)}: ${connectionErrorText(error)}` }
  } finally {
    request.destroy()
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const part of response) {
    text += part
    if (text.length > longestAnswer) break
  }
  return text.slice(0, longestAnswer)
}
