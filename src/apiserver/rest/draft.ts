import type { CustomForm } from '../../api/resource-definition.ts'
import { type Decoded, DecodeError, decodeJson, strictDecodingError } from '../../machinery/decode.ts'
import { badRequest } from '../../machinery/errors.ts'
import { mayHaveLargeNumbers, NumberRangeError, parseExactJson } from '../../machinery/exact-json.ts'
import { duplicateMembers, JsonSyntaxError, parseJson } from '../../machinery/json-text.ts'
import { apiVersionOf, type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { decodeMessage } from '../../machinery/protobuf/decode.ts'
import { readEnvelope } from '../../machinery/protobuf/envelope.ts'
import { ProtobufError } from '../../machinery/protobuf/wire.ts'
import type { ObjectSchema } from '../../machinery/schema.ts'
import { parseYaml, YamlError } from '../../machinery/yaml.ts'
import { mediaTypes } from '../http/negotiate.ts'
import type { ResourceRegistry } from '../registry.ts'
import { type Body, readBody, unknownFormat } from './body.ts'
import { assertCustomKind } from './custom-kind.ts'
import { decodeObject } from './decode-object.ts'
import type { ResourceRequest } from './resource-request.ts'
import { schemeName } from './scheme-name.ts'
import type { Draft } from './write-metadata.ts'
import type { FieldValidation } from './write-options.ts'

/** The kind a body is to be of, and how it is read. */
export interface ExpectedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly schema: ObjectSchema
  readonly custom?: CustomForm
}

export interface DecodeContext {
  readonly registry: ResourceRegistry
  readonly fieldValidation: FieldValidation
  readonly warnings: string[]
}

/** The request's body as a draft of its kind, with defaults. Throws 400 with upstream's words, 413 and 415. */
export async function decodeDraft(
  request: ResourceRequest,
  { fieldValidation }: { readonly fieldValidation: FieldValidation },
): Promise<Draft> {
  const { context, definition, services } = request
  const decodeContext = { registry: services.registry, fieldValidation, warnings: context.warnings }
  const draft = decodeBody(await readBody(context), definition, decodeContext)
  definition.applyDefaults?.(draft)
  context.noteRequestObject?.(draft)
  return draft
}

/** A body as an object of the expected kind, canonical and without defaults. */
export function decodeBody(body: Body, expected: ExpectedKind, context: DecodeContext): Draft {
  const parsed = parseBody(body, expected)
  const given = givenKind(parsed.value, expected)
  if (expected.custom) assertCustomKind({ ...context, ...parsed, text: textOf(body), expected })
  else {
    assertGroupVersion(given, body, expected)
    assertKind(given, expected, context.registry)
  }
  const draft = decodeChecked(given, parsed, expected, context) as Draft
  draft.kind = expected.kind
  draft.apiVersion = apiVersionOf(expected)
  draft.metadata ??= {}
  return draft
}

function textOf(body: Body): string | undefined {
  return body.kind === 'bytes' ? Buffer.from(body.bytes).toString() : undefined
}

/** What a body holds before it is known to be of any kind. */
interface ParsedBody {
  readonly value: unknown
  readonly decode: (expected: ExpectedKind) => Decoded
}

function parseBody(body: Body, expected: ExpectedKind): ParsedBody {
  if (body.kind === 'value') return valueBody(body.value)
  switch (body.mediaType) {
    case mediaTypes.json:
      return jsonBody(body.bytes, expected)
    case mediaTypes.yaml:
      return yamlBody(body.bytes, expected)
    case mediaTypes.protobuf:
      return protobufBody(body.bytes, expected)
    default:
      throw unknownFormat()
  }
}

function valueBody(value: unknown): ParsedBody {
  return { value, decode: (expected) => decodeObject(value, expected) }
}

function jsonBody(bytes: Uint8Array, expected: ExpectedKind): ParsedBody {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  try {
    const { value, hasDuplicates } = parseJson(text)
    if (expected.custom) return customJsonBody(text, value, hasDuplicates)
    if (!hasDuplicates) return valueBody(value)
    return { value, decode: ({ schema }) => decodeJson(text, schema) }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    throw unrecognized(`couldn't get version/kind; json parse error: ${error.message}`, bytes, expected)
  }
}

function customJsonBody(text: string, value: unknown, hasDuplicates: boolean): ParsedBody {
  const paths = hasDuplicates ? duplicateMembers(text) : []
  const duplicates = paths.map((path) => `duplicate field ${JSON.stringify(path)}`)
  const decode = (kind: ExpectedKind) => withStrictErrors(decodeObject(exactNumbers(text, value), kind), duplicates)
  return { value, decode }
}

/** The value of a text with all its integers. Throws DecodeError for a number that is too large. */
function exactNumbers(text: string, value: unknown): unknown {
  if (!mayHaveLargeNumbers(text)) return value
  try {
    return parseExactJson(text)
  } catch (error) {
    if (error instanceof NumberRangeError) throw new DecodeError(error.message)
    throw error
  }
}

function yamlBody(bytes: Uint8Array, expected: ExpectedKind): ParsedBody {
  try {
    const text = Buffer.from(bytes).toString()
    const exactIntegers = expected.custom !== undefined && mayHaveLargeNumbers(text)
    const { value, duplicates } = parseYaml(text, { exactIntegers })
    const extra = duplicates === undefined ? [] : [duplicates]
    return { value, decode: (expected) => withStrictErrors(decodeObject(value, expected), extra) }
  } catch (error) {
    if (!(error instanceof YamlError)) throw error
    throw unrecognized(error.message, bytes, expected)
  }
}

function protobufBody(bytes: Uint8Array, expected: ExpectedKind): ParsedBody {
  try {
    const { apiVersion, kind, raw } = readEnvelope(bytes)
    const decode = ({ schema }: ExpectedKind) => ({ object: decodeMessage(raw, schema), strictErrors: [] })
    return { value: { apiVersion, kind }, decode }
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error
    throw unrecognized(error.message, bytes, expected)
  }
}

function withStrictErrors({ object, strictErrors }: Decoded, extra: readonly string[]): Decoded {
  return { object, strictErrors: [...extra, ...strictErrors] }
}

/** What the body says it is; what it leaves out is as expected. */
interface GivenKind {
  readonly kind: string
  readonly apiVersion: string
}

function givenKind(value: unknown, expected: ExpectedKind): GivenKind {
  const { kind, apiVersion } = (value ?? {}) as { kind?: unknown; apiVersion?: unknown }
  return {
    kind: typeof kind === 'string' && kind !== '' ? kind : expected.kind,
    apiVersion: typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : apiVersionOf(expected),
  }
}

/** Throws 400 for what is no group and version at all. After apimachinery runtime/schema ParseGroupVersion v1.36. */
function assertGroupVersion({ apiVersion }: GivenKind, body: Body, expected: ExpectedKind): void {
  if (body.kind !== 'bytes' || body.mediaType === mediaTypes.protobuf) return
  if (apiVersion.split('/').length > 2)
    throw unrecognized(`unexpected GroupVersion string: ${apiVersion}`, body.bytes, expected)
}

/** Throws 400 when the body is of another kind or version. */
function assertKind({ kind, apiVersion }: GivenKind, expected: ExpectedKind, registry: ResourceRegistry): void {
  const expectedVersion = apiVersionOf(expected)
  if (kind === expected.kind && apiVersion === expectedVersion) return
  const { group, version } = parseApiVersion(apiVersion)
  const cannot = `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}`
  // Lists are no resource, but upstream's scheme knows them.
  const isList = kind === 'List' && apiVersion === 'v1'
  if (!isList && !registry.lookupKind(group, version, kind)) {
    const why = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`
    throw badRequest(`${cannot}: ${why} in scheme ${schemeName(expected)}`)
  }
  if (kind !== expected.kind || group !== expected.group) {
    const internal = expected.group === '' ? 'core' : expected.group.split('.')[0]
    const conversion = `converting (${version}.${kind}) to (${internal}.${expected.kind}): unknown conversion`
    throw badRequest(`${cannot}: ${conversion}`)
  }
  throw badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${expectedVersion})`,
  )
}

/** Decodes; what only strict decoding minds is an error, a warning or nothing, as the request says. */
function decodeChecked(
  given: GivenKind,
  { decode }: ParsedBody,
  expected: ExpectedKind,
  { fieldValidation, warnings }: DecodeContext,
): KubeObject {
  try {
    const { object, strictErrors } = decode(expected)
    if (strictErrors.length > 0) {
      if (fieldValidation === 'Strict') throw strictDecodingError(strictErrors)
      if (fieldValidation === 'Warn') warnings.push(...strictErrors)
    }
    return object
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof ProtobufError)) throw error
    const version = JSON.stringify(parseApiVersion(given.apiVersion).version)
    throw badRequest(`${given.kind} in version ${version} cannot be handled as a ${expected.kind}: ${error.message}`)
  }
}

const summaryLength = 30

function unrecognized(why: string, bytes: Uint8Array, { kind }: ExpectedKind): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(bytes)})`)
}

/** The beginning of what could not be read. After endpoints/handlers/rest.go summarizeData. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>'
  const start = Buffer.from(bytes.subarray(0, summaryLength))
  const text = bytes[0] === 0x7b ? start.toString() : start.toString('hex')
  return bytes.length > summaryLength ? `${text} ...` : text
}
