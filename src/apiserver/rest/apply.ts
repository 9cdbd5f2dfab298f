import { badRequest } from '../../machinery/errors.ts'
import { mayHaveLargeNumbers } from '../../machinery/exact-json.ts'
import { finishApply, type MergedApplication, mergeApplied } from '../../machinery/managed-fields/apply.ts'
import { appliedObjectError } from '../../machinery/managed-fields/validate-applied.ts'
import { apiVersionOf, type DeepReadonly, type KubeObject } from '../../machinery/object.ts'
import { isJsonObject } from '../../machinery/patch/patch-error.ts'
import { StatusError } from '../../machinery/status.ts'
import { parseYaml, YamlError } from '../../machinery/yaml.ts'
import type { Body } from './body.ts'
import { decodeObject } from './decode-object.ts'
import { trackingOf } from './field-manager.ts'
import { changesInOtherVersions, isToldByCall } from './other-versions.ts'
import { isCustom } from './protobuf.ts'
import type { ResourceRequest } from './resource-request.ts'
import type { Draft } from './write-metadata.ts'
import type { WriteOptions } from './write-options.ts'

export interface ApplyOptions {
  readonly body: Body
  readonly request: ResourceRequest
  readonly options: WriteOptions
}

/** Server-side apply, ready to be laid over whatever object there is. Throws 400. After patch.go applyPatcher v1.36. */
export function readApply(given: ApplyOptions): (live: DeepReadonly<KubeObject> | undefined) => Promise<Draft> {
  const { request, options } = given
  const applied = readApplied(given)
  return async (live) => {
    assertApplicable(applied, request)
    const { force } = options
    const application = { ...trackingOf(request, options), applied, force }
    const merged = mergeApplied(live ? { ...application, live } : application)
    const result = finishApply(merged, await othersOf(merged, request))
    if (!result.ok) throw applyConflict(result.message, result.causes)
    const { object } = decodeObject(result.object, request.definition)
    return { ...object, kind: request.definition.kind, apiVersion: apiVersionOf(request.definition) } as Draft
  }
}

/** How managers of other versions see the change, where somebody else has to tell. */
async function othersOf({ application, object }: MergedApplication, { definition }: ResourceRequest) {
  const { live } = application
  if (!live) return undefined
  const change = { definition, before: live, after: object, managers: live.metadata?.managedFields ?? [] }
  return isToldByCall(change) ? changesInOtherVersions(change) : undefined
}

function readApplied({ body, request, options }: ApplyOptions): KubeObject {
  const { value, duplicates } =
    body.kind === 'value' ? { value: body.value, duplicates: undefined } : readYaml(body.bytes, request)
  if (duplicates !== undefined) {
    const why = `error converting YAML to JSON: ${duplicates}`
    if (options.fieldValidation === 'Strict') throw badRequest(`error strict decoding YAML: ${why}`)
    if (options.fieldValidation === 'Warn') request.context.warnings.push(duplicates.split('\n').at(-1)!.trim())
  }
  if (!isJsonObject(value)) throw badRequest('error decoding YAML: the patch is no object')
  return value as KubeObject
}

function readYaml(bytes: Uint8Array, { definition }: ResourceRequest) {
  try {
    const text = Buffer.from(bytes).toString()
    return parseYaml(text, { exactIntegers: isCustom(definition) && mayHaveLargeNumbers(text) })
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${error.message}`)
  }
}

/** Throws for what the field manager refuses before it looks at the live object. */
function assertApplicable(applied: KubeObject, { definition }: ResourceRequest): void {
  const { metadata = {}, apiVersion = '' } = applied
  const expected = apiVersionOf(definition)
  if (metadata.managedFields?.length) throw badRequest('metadata.managedFields must be nil')
  if (apiVersion !== expected) {
    const versions = `Specified patch version: ${apiVersion}, expected: ${expected}`
    throw badRequest(`Incorrect version specified in apply patch. ${versions}`)
  }
  const why = appliedObjectError(applied as Record<string, unknown>, definition.schema)
  if (why === '') return
  const { group, version, kind } = definition
  const what = `(${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${group}/${version}, Kind=${kind})`
  throw new StatusError({ code: 500, message: `failed to create typed patch object ${what}: ${why}` })
}

function applyConflict(message: string, causes: readonly { reason?: string; message?: string; field?: string }[]) {
  return new StatusError({ code: 409, reason: 'Conflict', message, details: { causes: [...causes] } })
}
