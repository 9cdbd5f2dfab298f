import type { Strategy } from '../../api/resource-definition.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import type { Answer } from '../request.ts'
import { cloneDraft } from './clone.ts'
import { createAttributes } from './create.ts'
import { decodeDraft } from './draft.ts'
import { trackFields } from './field-manager.ts'
import type { ResourceRequest } from './resource-request.ts'
import { objectAnswer, responseForm } from './response-form.ts'
import { updateAttributes, updateObject } from './update.ts'
import { type Draft, dropDuplicateOwners, matchName, matchNamespace } from './write-metadata.ts'
import { type WriteOptions, writeOptions } from './write-options.ts'

/** PUT of an object, or of the part of it that `strategy` lets a subresource write. */
export async function put(request: ResourceRequest, strategy: Strategy): Promise<Answer> {
  const { context, definition, services, name, subresource } = request
  const form = responseForm(context)
  const options = writeOptions(context.query, 'UpdateOptions')
  const decoded = await decodeDraft(request, options)
  matchNamespace(decoded.metadata, request)
  matchName(decoded, name)
  dropDuplicateOwners(decoded.metadata, context.warnings, false)
  const { served, created } = await updateObject({
    request,
    options,
    strategy,
    uid: decoded.metadata.uid,
    allowCreate: subresource === '' && strategy.allowCreateOnUpdate === true,
    change: async (live) => {
      const draft = cloneDraft(decoded)
      await trackFields({ request, live, draft, options })
      await admitChange(request, draft, live, options)
      return draft
    },
  })
  return objectAnswer(served, created ? 201 : 200, { definition, form, nowMs: services.clock.nowMs() })
}

/** Mutating admission of an update, or of the creation it turns out to be. */
export async function admitChange(
  request: ResourceRequest,
  draft: Draft,
  live: DeepReadonly<KubeObject> | undefined,
  options: WriteOptions,
): Promise<void> {
  const { admission } = request.services
  const attributes = live ? updateAttributes(request, draft, live, options) : createAttributes(request, draft, options)
  await admission.mutate(attributes)
  dropDuplicateOwners(draft.metadata, request.context.warnings, true)
}
