import type { Strategy } from '../../api/resource-definition.ts'
import { unsupportedMediaType } from '../../machinery/errors.ts'
import { parseJson } from '../../machinery/json-text.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { StatusError } from '../../machinery/status.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import type { Answer } from '../request.ts'
import { type Body, mediaTypeOf, readBody } from './body.ts'
import { trackFields } from './field-manager.ts'
import { createPatchMechanism, type PatchMechanism, type PatchType } from './patch-mechanism.ts'
import { isCustom } from './protobuf.ts'
import { admitChange } from './put.ts'
import type { ResourceRequest } from './resource-request.ts'
import { objectAnswer, responseForm } from './response-form.ts'
import { updateObject } from './update.ts'
import { type Draft, matchName, matchNamespace } from './write-metadata.ts'
import { type WriteOptions, writeOptions } from './write-options.ts'

const patchTypes: ReadonlyMap<string, PatchType> = new Map([
  ['application/json-patch+json', 'json'],
  ['application/merge-patch+json', 'merge'],
  ['application/strategic-merge-patch+json', 'strategic'],
  ['application/apply-patch+yaml', 'apply'],
])

const customPatchTypes = [...patchTypes.keys()].filter((name) => patchTypes.get(name) !== 'strategic')

/** PATCH of an object, or of the part of it that `strategy` lets a subresource write. */
export async function patch(request: ResourceRequest, strategy: Strategy): Promise<Answer> {
  const { context, definition, services, subresource } = request
  const type = patchTypeOf(request)
  const form = responseForm(context)
  const options = writeOptions(context.query, 'PatchOptions', type === 'apply')
  const body = await readBody(context)
  const mechanism = createPatchMechanism({ type, body, request, options })
  context.noteRequestObject?.(patchValue(type, body))
  const { served, created } = await updateObject({
    request,
    options,
    strategy,
    allowCreate: type === 'apply' && subresource === '',
    change: (live) => patchedDraft(request, mechanism, live, options),
  })
  return objectAnswer(served, created ? 201 : 200, { definition, form, nowMs: services.clock.nowMs() })
}

/** The patch as a value, for the audit log. The mechanism has read it by now. */
function patchValue(type: PatchType, body: Body): unknown {
  if (body.kind === 'value') return body.value
  const text = Buffer.from(body.bytes).toString()
  return (type === 'apply' ? parseYaml(text) : parseJson(text)).value
}

/** The patch in the words of its Content-Type. Throws 415. */
export function patchTypeOf({ context, definition }: ResourceRequest): PatchType {
  const type = patchTypes.get(mediaTypeOf(context.headers.get('content-type')))
  if (isCustom(definition)) {
    if (type && type !== 'strategic') return type
    throw unsupportedMediaType(customPatchTypes)
  }
  if (type) return type
  throw new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: '415: Unsupported Media Type',
    details: {},
  })
}

async function patchedDraft(
  request: ResourceRequest,
  mechanism: PatchMechanism,
  live: DeepReadonly<KubeObject> | undefined,
  options: WriteOptions,
): Promise<Draft> {
  const draft = await mechanism.patch(live)
  draft.metadata ??= {}
  matchNamespace(draft.metadata, request)
  matchName(draft, request.name)
  request.definition.applyDefaults?.(draft)
  if (!mechanism.tracksFields) await trackFields({ request, live, draft, options })
  await admitChange(request, draft, live, options)
  return draft
}
