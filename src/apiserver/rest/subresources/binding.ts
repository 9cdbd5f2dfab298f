import { schemaForKind } from '../../../api/schema/schema.ts'
import type { Binding, Pod, PodCondition } from '../../../api/types/core/v1.ts'
import { badRequest, conflict } from '../../../machinery/errors.ts'
import { notSupportedField, requiredField } from '../../../machinery/field-errors.ts'
import type { DeepReadonly, KubeObject, ObjectMeta } from '../../../machinery/object.ts'
import { StatusError } from '../../../machinery/status.ts'
import type { Answer, RequestContext } from '../../request.ts'
import { admissionAttributes } from '../admit.ts'
import { readBody } from '../body.ts'
import { decodeBody } from '../draft.ts'
import { objectStoreKey, type ResourceRequest, type RestServices, resourceName } from '../resource-request.ts'
import { rewriteObject } from '../rewrite.ts'
import { timeText } from '../write-metadata.ts'
import { optionsObject, type WriteOptions, writeOptions } from '../write-options.ts'
import type { SubresourceHandler } from './handler.ts'

const bindingKind = { group: '', version: 'v1', kind: 'Binding' }

/** POST to `pods/<name>/binding`: the scheduler's word on where a Pod runs. After BindingREST v1.36. */
export function bindingHandler(services: RestServices): SubresourceHandler {
  return async (context, target) => {
    const options = writeOptions(context.query, 'CreateOptions')
    const binding = await readBinding(services, context, options)
    return bind({ ...target, services, context }, binding, options)
  }
}

/** POST to `bindings`, the older form: the Pod's name stands in the body alone. */
export async function createBinding(request: ResourceRequest): Promise<Answer> {
  const { services, context } = request
  const options = writeOptions(context.query, 'CreateOptions')
  const binding = await readBinding(services, context, options)
  const definition = services.registry.lookup('', 'v1', 'pods')!
  const name = binding.metadata?.name ?? ''
  return bind({ ...request, definition, name, subresource: 'binding' }, binding, options)
}

async function readBinding(
  { registry }: RestServices,
  context: RequestContext,
  { fieldValidation }: WriteOptions,
): Promise<Binding> {
  const expected = { ...bindingKind, schema: schemaForKind(bindingKind) }
  const decoded = decodeBody(await readBody(context), expected, {
    registry,
    fieldValidation,
    warnings: context.warnings,
  })
  return decoded as KubeObject as Binding
}

async function bind(request: ResourceRequest, binding: Binding, options: WriteOptions): Promise<Answer> {
  const { services, name } = request
  const attributes = admissionAttributes(request, {
    operation: 'CREATE',
    name,
    object: binding,
    oldObject: undefined,
    options: optionsObject('CreateOptions', options),
    dryRun: options.dryRun,
  })
  await services.admission.mutate(attributes)
  if (name !== binding.metadata?.name) throw badRequest('name in URL does not match name in Binding object')
  assertTarget(binding)
  await services.admission.validate(attributes)
  const change = (pod: DeepReadonly<Pod>) => boundPod(request, pod, binding)
  await rewriteObject({ request, name, dryRun: options.dryRun, change })
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
  return { kind: 'object', status: 201, object: status }
}

/** Upstream answers these without a code of their own. */
function assertTarget({ target }: Binding): void {
  const { kind = '', name = '' } = target ?? {}
  const errors = []
  if (kind !== '' && kind !== 'Node') errors.push(notSupportedField('target.kind', kind, ['Node', '<empty>']))
  if (name === '') errors.push(requiredField('target.name'))
  if (errors.length === 0) return
  const texts = errors.map(({ field, detail }) => `${field}: ${detail}`)
  throw new StatusError({ code: 500, message: texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]` })
}

/** The Pod with its node. Throws 409 when it may not be bound any more. */
function boundPod(request: ResourceRequest, pod: DeepReadonly<Pod>, binding: Binding): Pod {
  assertPreconditions(request, pod.metadata!, binding.metadata ?? {})
  const refusal = whyNot(pod)
  if (refusal !== undefined) throw conflict({ group: '', resource: 'pods/binding' }, pod.metadata!.name!, refusal)
  const current = pod as Pod
  const { nominatedNodeName: _nominated, ...status } = current.status ?? {}
  const { annotations, labels } = binding.metadata ?? {}
  return {
    ...current,
    metadata: {
      ...current.metadata,
      ...(annotations && { annotations: { ...current.metadata?.annotations, ...annotations } }),
      ...(labels && { labels: { ...current.metadata?.labels, ...labels } }),
    },
    spec: { ...current.spec!, nodeName: binding.target.name! },
    status: { ...status, conditions: scheduledConditions(status.conditions ?? [], request) },
  }
}

function whyNot({ metadata, spec }: DeepReadonly<Pod>): string | undefined {
  const name = metadata!.name
  if (metadata!.deletionTimestamp) return `pod ${name} is being deleted, cannot be assigned to a host`
  if (spec?.nodeName) return `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`
  if (spec?.schedulingGates?.length) return `pod ${name} has non-empty .spec.schedulingGates`
  return undefined
}

function scheduledConditions(conditions: readonly PodCondition[], { services }: ResourceRequest): PodCondition[] {
  const old = conditions.find(({ type }) => type === 'PodScheduled')
  const isTrue = old?.status === 'True'
  const lastTransitionTime = isTrue ? old.lastTransitionTime : timeText(services.clock.nowMs())
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null as never,
    ...(lastTransitionTime ? { lastTransitionTime } : {}),
  }
  return [...conditions.filter((condition) => condition !== old), scheduled]
}

function assertPreconditions(request: ResourceRequest, metadata: DeepReadonly<ObjectMeta>, wanted: ObjectMeta): void {
  const { definition, namespace } = request
  for (const [label, key] of [
    ['UID', 'uid'],
    ['ResourceVersion', 'resourceVersion'],
  ] as const) {
    if (!wanted[key] || wanted[key] === metadata[key]) continue
    const failed = `Precondition failed: ${label} in precondition: ${wanted[key]}, ${label} in object meta: ${metadata[key]}`
    const where = objectStoreKey(definition, namespace, metadata.name!)
    const why = `StorageError: invalid object, Code: 4, Key: ${where}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`
    throw conflict(resourceName(definition), metadata.name!, why)
  }
}
