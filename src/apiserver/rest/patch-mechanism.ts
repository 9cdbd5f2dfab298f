import type { ResourceDefinition } from '../../api/resource-definition.ts'
import { type Decoded, DecodeError, decodeValue, strictDecodingError } from '../../machinery/decode.ts'
import { badRequest, invalid, requestEntityTooLarge } from '../../machinery/errors.ts'
import { mayHaveLargeNumbers, NumberRangeError, parseExactJson } from '../../machinery/exact-json.ts'
import { invalidField } from '../../machinery/field-errors.ts'
import { jsonText } from '../../machinery/format-json.ts'
import { goText } from '../../machinery/go-text.ts'
import { duplicateMembers, JsonSyntaxError, parseJson } from '../../machinery/json-text.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { applyJsonPatch, mostJsonPatchOperations, readJsonPatch } from '../../machinery/patch/json-patch.ts'
import { applyMergePatch } from '../../machinery/patch/merge-patch.ts'
import { isJsonObject, type JsonObject, PatchError } from '../../machinery/patch/patch-error.ts'
import { applyStrategicMergePatch } from '../../machinery/patch/strategic-merge-patch.ts'
import { restoreError } from '../../machinery/restore-error.ts'
import { StatusError } from '../../machinery/status.ts'
import { readApply } from './apply.ts'
import type { Body } from './body.ts'
import { decodePatchedKind, withKind } from './patched-kind.ts'
import { isCustom } from './protobuf.ts'
import type { ResourceRequest } from './resource-request.ts'
import { inVisitedOrder, visitedBy } from './visited-order.ts'
import type { Draft } from './write-metadata.ts'
import type { WriteOptions } from './write-options.ts'

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

/** A patch that was read once and may be applied to several states of the object, until one can be written. */
export interface PatchMechanism {
  /** Server-side apply: managedFields are part of the patching itself. */
  readonly tracksFields: boolean
  patch(live: DeepReadonly<KubeObject> | undefined): Draft | Promise<Draft>
}

export interface PatchMechanismOptions {
  readonly type: PatchType
  readonly body: Body
  readonly request: ResourceRequest
  readonly options: WriteOptions
}

/** Reads the patch. Throws 400 with upstream's words. After apiserver endpoints/handlers/patch.go v1.36. */
export function createPatchMechanism(given: PatchMechanismOptions): PatchMechanism {
  const { type, request, options } = given
  if (type === 'apply') return { tracksFields: true, patch: readApply(given) }
  const { value, strictErrors } = readPatch(given)
  const apply = appliers[type](value, request)
  return {
    tracksFields: false,
    patch(live) {
      // Update refuses names that are not there before it asks for a change, so there is something to patch.
      const patched = answering(() => apply(live as DeepReadonly<KubeObject>))
      return decodePatched({
        type,
        patched,
        quoted: () => quoted(type, value, patched),
        duplicates: strictErrors,
        request,
        options,
      })
    },
  }
}

type Apply = (live: DeepReadonly<KubeObject>) => unknown

const appliers: Readonly<Record<Exclude<PatchType, 'apply'>, (patch: unknown, request: ResourceRequest) => Apply>> = {
  json(patch) {
    const operations = answering(() => readJsonPatch(patch), 'error decoding patch: ')
    if (operations.length > mostJsonPatchOperations) throw tooManyOperations(operations.length)
    return (live) => applyJsonPatch(live, operations)
  },
  merge(patch) {
    if (!isJsonObject(patch)) throw badRequest(`error decoding patch: ${notAnObject(patch)}`)
    return (live) => applyMergePatch(live as JsonObject, patch)
  },
  strategic(patch, { definition }) {
    if (!isJsonObject(patch)) throw badRequest(notAnObject(patch))
    return (live) => applyStrategicMergePatch(live as JsonObject, patch, definition.schema)
  },
}

function notAnObject(patch: unknown): string {
  const form = Array.isArray(patch) ? 'array' : patch === null ? 'null' : typeof patch
  return `json: cannot unmarshal ${form === 'boolean' ? 'bool' : form} into Go value of type map[string]interface {}`
}

function tooManyOperations(count: number): StatusError {
  const { status } = requestEntityTooLarge(0)
  const why = `The allowed maximum operations in a JSON patch is ${mostJsonPatchOperations}, got ${count}`
  return new StatusError({ ...status, message: `Request entity too large: ${why}` })
}

interface ReadPatch {
  readonly value: unknown
  /** What only strict decoding minds: members that stand twice, and those that no operation has. */
  readonly strictErrors: readonly string[]
}

function readPatch({ type, body, request }: PatchMechanismOptions): ReadPatch {
  if (body.kind === 'value') return { value: body.value, strictErrors: [] }
  const text = Buffer.from(body.bytes).toString()
  try {
    const { value: read, hasDuplicates } = parseJson(text)
    const value = isCustom(request.definition) && mayHaveLargeNumbers(text) ? parseExactJson(text) : read
    const prefix = type === 'json' ? 'json patch ' : ''
    const paths = hasDuplicates ? duplicateMembers(text) : []
    const duplicates = paths.map((path) => `${prefix}duplicate field ${JSON.stringify(path)}`)
    return { value, strictErrors: [...duplicates, ...(type === 'json' ? unknownMembers(value) : [])] }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError || error instanceof NumberRangeError)) throw error
    throw badRequest(type === 'strategic' ? error.message : `error decoding patch: ${error.message}`)
  }
}

/** What no operation of a JSON patch has. */
function unknownMembers(operations: unknown): string[] {
  if (!Array.isArray(operations)) return []
  return operations.flatMap((operation, index) =>
    Object.keys(isJsonObject(operation) ? operation : {})
      .filter((name) => !['op', 'path', 'from', 'value'].includes(name))
      .map((name) => `json patch unknown field ${JSON.stringify(`[${index}].${name}`)}`),
  )
}

/** Runs what may throw a PatchError, and answers that as upstream does. */
function answering<T>(run: () => T, prefix = ''): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    throw patchStatus(error, prefix)
  }
}

function patchStatus({ code, message }: PatchError, prefix: string): StatusError {
  switch (code) {
    case 400:
      return badRequest(prefix + message)
    case 422:
      // Upstream hides why behind a sentence for servers that answer nonsense.
      return new StatusError({
        code,
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
        details: {},
      })
    case 500:
      return new StatusError({ code, message })
  }
}

/** What upstream quotes of a patch that makes no object: the result as JSON, of a strategic patch the patch itself. */
function quoted(type: PatchType, patch: unknown, patched: unknown): string {
  if (type === 'strategic') return goText(patch)
  return jsonText(inVisitedOrder(patched, Array.isArray(patch) ? visitedBy(patch) : patch))
}

interface Patched {
  readonly type: PatchType
  readonly patched: unknown
  readonly quoted: () => string
  readonly duplicates: readonly string[]
  readonly request: ResourceRequest
  readonly options: WriteOptions
}

/** The patched value as an object of its kind. Throws 422 where it is none. */
function decodePatched(given: Patched): Draft {
  const { type, patched, duplicates, request, options } = given
  try {
    const { object, strictErrors } =
      type === 'strategic' ? restore(patched, request.definition) : decodePatchedKind(patched, request)
    // Upstream reads what it has written itself, with sorted keys.
    const minded = [...duplicates, ...strictErrors.toSorted()]
    if (minded.length > 0 && options.fieldValidation === 'Strict') throw strictDecodingError(minded)
    if (options.fieldValidation === 'Warn') warnOnce(request, minded)
    return object as KubeObject as Draft
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw invalid({ group: '', kind: '' }, '', [invalidField('patch', given.quoted(), error.message)])
  }
}

/** A patch is applied again after a lost race, but what is odd about it is said once. */
function warnOnce({ context }: ResourceRequest, texts: readonly string[]): void {
  for (const text of texts) if (!context.warnings.includes(text)) context.warnings.push(text)
}

/** A strategic patch is laid over an object of a known kind, whatever the result says it is. */
function restore(patched: unknown, definition: ResourceDefinition): Decoded {
  const error = isJsonObject(patched) ? restoreError(patched, definition.schema) : undefined
  if (error !== undefined) throw new DecodeError(error)
  return withKind(decodeValue(patched, definition.schema), definition)
}
