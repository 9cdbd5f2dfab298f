import { findSchemaForKind } from '../../api/schema/schema.ts'
import { mayHaveLargeNumbers, parseExactJson } from '../../machinery/exact-json.ts'
import { formatJson } from '../../machinery/format-json.ts'
import { type KubeObject, parseApiVersion } from '../../machinery/object.ts'
import { decodeMessage } from '../../machinery/protobuf/decode.ts'
import { encodeProtobuf, isEnvelope, readEnvelope } from '../../machinery/protobuf/envelope.ts'
import type { ObjectSchema } from '../../machinery/schema.ts'
import { fromKeptVersion, servedApiVersion, toKeptVersion } from './storage-version.ts'

/** An object as it was found in a store, whichever server put it there. */
export interface StoredValue {
  readonly object: KubeObject
  /** The bytes, where they are this server's own storage form. */
  readonly bytes: Buffer | undefined
}

/** Reads protobuf in its envelope, and JSON. Throws for anything else. */
export function readStoredValue(value: Uint8Array): StoredValue {
  if (isEnvelope(value)) return { object: readMessage(value), bytes: undefined }
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const object = parseObject(bytes.toString())
  // Ours has the place for the revision; upstream leaves the member out.
  if (object.metadata?.resourceVersion === '') return { object, bytes }
  return { object: fromKeptVersion({ ...object, metadata: object.metadata ?? {} }), bytes: undefined }
}

/** Only custom objects have numbers that need more than a `number`. */
function parseObject(text: string): KubeObject {
  const object = JSON.parse(text) as KubeObject
  if (!mayHaveLargeNumbers(text)) return object
  const { apiVersion = '', kind = '' } = object
  const isBuiltIn = findSchemaForKind({ ...parseApiVersion(servedApiVersion(apiVersion, kind)), kind }) !== undefined
  return isBuiltIn ? object : (parseExactJson(text) as KubeObject)
}

function readMessage(value: Uint8Array): KubeObject {
  const { kind, raw, ...envelope } = readEnvelope(value)
  const apiVersion = servedApiVersion(envelope.apiVersion, kind)
  const schema = findSchemaForKind({ ...parseApiVersion(apiVersion), kind })
  if (!schema) throw new Error(`no kind ${JSON.stringify(kind)} is known in ${JSON.stringify(envelope.apiVersion)}`)
  const { metadata, ...rest } = decodeMessage(raw, schema) as KubeObject
  return { kind, apiVersion, metadata: metadata ?? {}, ...rest } as KubeObject
}

/** Groups whose servers upstream keep JSON. So do all custom resources. */
const keptAsJson: ReadonlySet<string> = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io'])

/** An object as upstream would have written it: protobuf, and JSON where it has no message or its server no protobuf. */
export function upstreamValue(object: KubeObject): Uint8Array {
  const { kind = '', apiVersion = '' } = object
  const { group, version } = parseApiVersion(apiVersion)
  const schema: ObjectSchema | undefined = keptAsJson.has(group)
    ? undefined
    : findSchemaForKind({ group, version, kind })
  const { resourceVersion: _revision, ...metadata } = object.metadata ?? {}
  const kept = toKeptVersion({ ...object, metadata })
  return schema ? encodeProtobuf(kept, schema) : Buffer.from(`${formatJson(kept)}\n`)
}
