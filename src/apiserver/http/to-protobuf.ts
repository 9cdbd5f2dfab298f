import { findSchemaForKind } from '../../api/schema/schema.ts'
import { parseApiVersion } from '../../machinery/object.ts'
import { encodeProtobuf } from '../../machinery/protobuf/envelope.ts'
import type { ProtobufEncoder } from './encode.ts'

/** Objects that are made for an answer and not stored: statuses, reviews, discovery. Tables have no message. */
export const toProtobuf: ProtobufEncoder = (object) => {
  const { apiVersion = 'v1', kind = '' } = object
  const schema = findSchemaForKind({ ...parseApiVersion(apiVersion), kind })
  return schema && encodeProtobuf({ ...object, apiVersion, kind }, schema)
}
