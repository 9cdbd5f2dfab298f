import { schemaOf } from '../../api/schema/schema.ts'
import { DecodeError, decodeValue } from '../../machinery/decode.ts'
import { badRequest } from '../../machinery/errors.ts'
import { JsonSyntaxError, parseJson } from '../../machinery/json-text.ts'
import { decodeMessage } from '../../machinery/protobuf/decode.ts'
import { readEnvelope } from '../../machinery/protobuf/envelope.ts'
import { ProtobufError } from '../../machinery/protobuf/wire.ts'
import { parseYaml, YamlError } from '../../machinery/yaml.ts'
import { mediaTypes } from '../http/negotiate.ts'
import { type Body, readBody, unknownFormat } from './body.ts'
import { integerParameter } from './query.ts'
import type { ResourceRequest } from './resource-request.ts'
import { type DeleteOptions, deleteOptionsOfQuery, type RawDeleteOptions, validDeleteOptions } from './write-options.ts'

const schemaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'

/** The options of a DELETE: its body, or its query when there is no body. Throws 400 and 422. */
export async function deleteOptions({ context }: ResourceRequest): Promise<DeleteOptions> {
  const body = await readBody(context)
  if (isEmpty(body)) {
    const { query } = context
    return validDeleteOptions(deleteOptionsOfQuery(query, integerParameter(query, 'gracePeriodSeconds')))
  }
  const options = decodeOptions(body)
  context.noteRequestObject?.({ kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...options })
  return validDeleteOptions(options)
}

const readErrors = [DecodeError, JsonSyntaxError, YamlError, ProtobufError]

function isEmpty(body: Body): boolean {
  return body.kind === 'bytes' ? body.bytes.length === 0 : body.value === undefined
}

function decodeOptions(body: Body): RawDeleteOptions {
  try {
    const schema = schemaOf(schemaName)
    const isProtobuf = body.kind === 'bytes' && body.mediaType === mediaTypes.protobuf
    if (isProtobuf) return decodeMessage(readEnvelope(body.bytes).raw, schema) as RawDeleteOptions
    return decodeValue(parsed(body), schema).object as RawDeleteOptions
  } catch (error) {
    if (readErrors.some((kind) => error instanceof kind)) throw badRequest((error as Error).message)
    throw error
  }
}

function parsed(body: Body): unknown {
  if (body.kind === 'value') return body.value
  const text = Buffer.from(body.bytes).toString()
  switch (body.mediaType) {
    case mediaTypes.json:
      return parseJson(text).value
    case mediaTypes.yaml:
      return parseYaml(text).value
    default:
      throw unknownFormat()
  }
}
