import type { MutatingWebhook } from '../../../api/types/admissionregistration/v1.ts'
import { mutatingWebhookConfigurations } from '../../../api/types/resources.ts'
import { internalError, timeout } from '../../../machinery/errors.ts'
import type { DeepReadonly, KubeObject } from '../../../machinery/object.ts'
import { applyJsonPatch, type JsonPatchOperation, readJsonPatch } from '../../../machinery/patch/json-patch.ts'
import { equalValues } from '../../rest/equal.ts'
import type { AdmissionAttributes, AdmissionPlugin, Reinvocation } from '../admission.ts'
import type { ReviewResponse, VersionedRequest } from './admission-review.ts'
import { CallingWebhookError, callHook } from './call-hook.ts'
import { compiledObjects } from './compiled-objects.ts'
import { convertObject } from './convert.ts'
import { type Hook, hooksOf } from './hooks.ts'
import { type Invocation, invocationOf, type WebhookServices } from './invocation.ts'
import { measureCall } from './measure-call.ts'
import { decodeMutated, replaceObject } from './replace-object.ts'
import { isExempt } from './request-kind.ts'
import { RoundState } from './round-state.ts'

const pluginName = 'MutatingAdmissionWebhook'

/** Asks the webhooks that a write concerns one after another. After webhook/mutating/dispatcher.go v1.36. */
export function mutatingAdmissionWebhook(services: WebhookServices): AdmissionPlugin {
  const hooks = compiledObjects(services.reader, mutatingWebhookConfigurations, (configuration) =>
    hooksOf<MutatingWebhook>(configuration, services.webhookClient, 'admit'),
  )
  return {
    name: pluginName,
    handles: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async mutate(attributes, reinvocation) {
      const all = hooks()
      if (all.length === 0 || isExempt(attributes)) return
      const state = reinvocation.state(pluginName, () => new RoundState())
      if (reinvocation.isReinvoke && state.isChangedSinceLast(attributes.object)) state.requireAgain()
      try {
        for (const [index, hook] of all.flat().entries()) {
          await mutateBy({ hook, index, attributes, reinvocation, state, services })
        }
      } finally {
        state.setLastOutput(attributes.object)
      }
    },
  }
}

interface Turn {
  readonly hook: Hook<MutatingWebhook>
  readonly index: number
  readonly attributes: AdmissionAttributes
  readonly reinvocation: Reinvocation
  readonly state: RoundState
  readonly services: WebhookServices
}

async function mutateBy(turn: Turn): Promise<void> {
  const { hook, attributes, reinvocation, state, services } = turn
  const invocation = await invocationOf(hook, attributes, services)
  // In the second round nobody is asked for the first time.
  if (!invocation || (reinvocation.isReinvoke && !state.isAskedAgain(hook.id))) return
  const isChanged = await ask(turn, invocation)
  if (isChanged) {
    state.requireAgain()
    reinvocation.request()
  }
  if (hook.webhook.reinvocationPolicy === 'IfNeeded') state.addInvoked(hook.id)
}

/** Whether the webhook has changed the object. */
async function ask(turn: Turn, { hook, request }: Invocation<MutatingWebhook>): Promise<boolean> {
  const { services, attributes } = turn
  let isChanged = false
  try {
    const call = { hook, type: 'admit', operation: attributes.operation } as const
    isChanged = await measureCall(services.metrics, call, async () => {
      const response = await callHook({ hook, request, mutating: true, client: services.webhookClient })
      return takePatch(turn, request, response)
    })
  } catch (error) {
    if (!(error instanceof CallingWebhookError)) throw error
    if (hook.webhook.failurePolicy !== 'Ignore') throw internalError(error)
    services.metrics.webhookFailedOpen(hook.webhook.name, 'admit')
    annotate(turn, 'failed-open.mutation.webhook.admission.k8s.io/', hook.webhook.name)
    services.log.warn('a webhook could not be called, its failure is ignored', { webhook: hook.webhook.name, error })
    if (attributes.signal.aborted) throw timeout('request did not complete within requested timeout', 0)
  } finally {
    annotateMutation(turn, isChanged)
  }
  return isChanged
}

async function takePatch(
  turn: Turn,
  request: VersionedRequest,
  { patch, patchType }: ReviewResponse,
): Promise<boolean> {
  if (patch === undefined) return false
  const { name } = turn.hook.webhook
  const operations = readPatch(patch, name)
  if (operations.length === 0) return false
  const { object } = request
  if (!object) {
    const webhook = JSON.stringify(name)
    const why = `admission webhook ${webhook} attempted to modify the object, which is not supported for this operation`
    throw internalError(new Error(why))
  }
  if (patchType !== 'JSONPatch')
    throw new CallingWebhookError(name, `unsupported patch type ${JSON.stringify(patchType)}`, { code: 400 })
  const mutated = patched(object, operations, request)
  const isChanged = !equalValues(object, mutated)
  annotatePatch(turn, operations)
  if (isChanged) await giveBack(turn.attributes, request, mutated)
  return isChanged
}

function readPatch(text: string, webhook: string): JsonPatchOperation[] {
  try {
    return readJsonPatch(JSON.parse(text))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const what = 'received undecodable patch in webhook response'
    throw new CallingWebhookError(webhook, `${what}: ${why}`, { code: 503, cause: error })
  }
}

function patched(
  object: DeepReadonly<KubeObject>,
  operations: readonly JsonPatchOperation[],
  { match }: VersionedRequest,
): KubeObject {
  try {
    return decodeMutated(applyJsonPatch(object, operations), match)
  } catch (error) {
    throw internalError(error)
  }
}

/** The draft is of the request's version, whichever the webhook has seen. */
async function giveBack(
  { object, definition }: AdmissionAttributes,
  { match }: VersionedRequest,
  mutated: KubeObject,
): Promise<void> {
  replaceObject(object!, (await convertObject(mutated, match.definition, definition)) as KubeObject)
}

function annotateMutation(turn: Turn, mutated: boolean): void {
  const { configuration, webhook } = turn.hook
  const value = JSON.stringify({ configuration, webhook: webhook.name, mutated })
  annotate(turn, 'mutation.webhook.admission.k8s.io/', value)
}

/** The patch shows the object, so the audit level must be one that shows objects. */
function annotatePatch(turn: Turn, patch: readonly JsonPatchOperation[]): void {
  const { configuration, webhook } = turn.hook
  const value = JSON.stringify({ configuration, webhook: webhook.name, patch, patchType: 'JSONPatch' })
  annotate(turn, 'patch.webhook.admission.k8s.io/', value, 'Request')
}

function annotate(turn: Turn, prefix: string, value: string, level: 'Metadata' | 'Request' = 'Metadata'): void {
  const round = turn.reinvocation.isReinvoke ? 1 : 0
  turn.attributes.annotate(`${prefix}round_${round}_index_${turn.index}`, value, level)
}
