import { deleteDefinition, isDefinition } from '../crd/definition-deletion.ts'
import type { Answer } from '../request.ts'
import { type Deleted, deleteObject } from './delete-object.ts'
import { deleteOptions } from './delete-options.ts'
import { deleteNamespace, isNamespace } from './namespace-deletion.ts'
import type { ResourceRequest } from './resource-request.ts'
import { objectAnswer, responseForm } from './response-form.ts'
import type { ServedObject } from './stored-object.ts'
import type { DeleteOptions } from './write-options.ts'

/** DELETE of one object. Named `remove` because the verb is a reserved word. */
export async function remove(request: ResourceRequest): Promise<Answer> {
  const { context, definition, services } = request
  const form = responseForm(context)
  const options = await deleteOptions(request)
  warnOfPropagation(request, options)
  const deleted = await deleteNamed(request, options)
  if (deleted.gone && !definition.strategy.returnsDeletedObject) return goneAnswer(request, deleted.served)
  const status = !deleted.gone && options.orphanDependents === false ? 202 : 200
  return objectAnswer(deleted.served, status, { definition, form, nowMs: services.clock.nowMs() })
}

/** Namespaces and definitions of custom resources are marked first, and emptied by a controller. */
function deleteNamed(request: ResourceRequest, options: DeleteOptions): Promise<Deleted> {
  const { definition, name } = request
  if (isNamespace(definition)) return deleteNamespace(request, options)
  if (isDefinition(definition)) return deleteDefinition(request, options)
  return deleteObject(request, name, options)
}

function warnOfPropagation({ definition, context }: ResourceRequest, options: DeleteOptions): void {
  const warning = definition.strategy.defaultPropagationWarning
  if (!warning || options.orphanDependents !== undefined || options.propagationPolicy !== undefined) return
  context.warnings.push(warning)
}

function goneAnswer({ definition }: ResourceRequest, { object }: ServedObject): Answer {
  const { group, plural } = definition
  const { name, uid } = object.metadata!
  const details = { name, ...(group === '' ? {} : { group }), kind: plural, uid }
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
  return { kind: 'object', status: 200, object: status }
}
