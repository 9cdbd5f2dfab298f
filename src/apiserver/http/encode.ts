import { schemaOf } from '../../api/schema/schema.ts'
import { formatJson } from '../../machinery/format-json.ts'
import type { DeepReadonly, KubeObject } from '../../machinery/object.ts'
import { encodeProtobufList, encodeWatchFrame, readEnvelope } from '../../machinery/protobuf/envelope.ts'
import { StatusError } from '../../machinery/status.ts'
import { formatYaml } from '../../machinery/yaml.ts'
import type { EncodedObject, ListAnswer } from '../request.ts'
import type { Encoding } from './negotiate.ts'

/** How a response's objects are to be written. */
export interface Format {
  readonly encoding: Encoding
  /** JSON with two spaces of indent, for clients that people look at. */
  readonly pretty: boolean
}

/** Encodes an object that has no cached bytes, with its envelope; undefined where its kind has no message. */
export type ProtobufEncoder = (object: DeepReadonly<KubeObject>) => Uint8Array | undefined

export interface Body {
  readonly encoding: Encoding
  readonly bytes: Uint8Array
}

const lineFeed = 0x0a
const listMetaType = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'

/** The bytes of one object; cached ones where there are any. Falls back to JSON where a kind has no message. */
export function encodeObject(
  object: DeepReadonly<KubeObject>,
  encoded: EncodedObject | undefined,
  format: Format,
  toProtobuf: ProtobufEncoder,
): Body {
  if (format.encoding === 'protobuf') {
    const bytes = encoded ? encoded.protobuf() : toProtobuf(object)
    if (bytes) return { encoding: 'protobuf', bytes }
  }
  if (format.encoding === 'yaml') return { encoding: 'yaml', bytes: Buffer.from(formatYaml(object)) }
  if (format.pretty) return { encoding: 'json', bytes: Buffer.from(formatJson(object, 2)) }
  if (!encoded) return { encoding: 'json', bytes: Buffer.from(`${formatJson(object)}\n`) }
  const json = encoded.json()
  const line = Buffer.allocUnsafe(json.length + 1)
  line.set(json)
  line[json.length] = lineFeed
  return { encoding: 'json', bytes: line }
}

/** The 406 for what has no protobuf message. After errNotMarshalable of apimachinery runtime/serializer/protobuf. */
export function noProtobufForm(goType: string): StatusError {
  const why = 'does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message'
  const message = `object *unstructured.${goType} ${why}`
  return new StatusError({ code: 406, reason: 'NotAcceptable', message })
}

/** The bytes of a list in a form that is made as a whole; undefined for plain JSON, which `listChunks` makes. */
export function encodeList(list: ListAnswer, format: Format): Body | undefined {
  if (format.encoding === 'protobuf') {
    if (!list.bareItems) throw noProtobufForm('UnstructuredList')
    const items = list.items.map(({ encoded }) => readEnvelope(encoded.protobuf()).raw)
    const metadataSchema = schemaOf(listMetaType)
    return { encoding: 'protobuf', bytes: encodeProtobufList({ ...list, metadataSchema, items }) }
  }
  if (format.encoding === 'json' && !format.pretty) return undefined
  const whole = listObject(list)
  const text = format.encoding === 'yaml' ? formatYaml(whole) : formatJson(whole, 2)
  return { encoding: format.encoding, bytes: Buffer.from(text) }
}

function listObject({ kind, apiVersion, metadata, items, bareItems }: ListAnswer): object {
  if (!bareItems) return { apiVersion, items: items.map(({ object }) => object), kind, metadata }
  return { kind, apiVersion, metadata, items: items.map(({ object }) => withoutTypeMeta(object)) }
}

function withoutTypeMeta({ kind: _kind, apiVersion: _apiVersion, ...rest }: DeepReadonly<KubeObject>): object {
  return rest
}

export interface WatchEventToSend {
  readonly type: string
  readonly object: DeepReadonly<KubeObject>
  readonly encoded?: EncodedObject
}

/**
 * Frames of watch events. The last frame is kept per encoding: an event goes to all its watchers in one go, so each
 * is framed once, however many watch.
 */
export class WatchFramer {
  readonly #toProtobuf: ProtobufEncoder
  readonly #last: Partial<Record<Encoding, { type: string; encoded: EncodedObject; frame: Uint8Array }>> = {}

  constructor(toProtobuf: ProtobufEncoder) {
    this.#toProtobuf = toProtobuf
  }

  frame(event: WatchEventToSend, encoding: Encoding): Uint8Array {
    const { type, encoded } = event
    if (!encoded) return this.#make(event, encoding)
    const last = this.#last[encoding]
    if (last && last.encoded === encoded && last.type === type) return last.frame
    const frame = this.#make(event, encoding)
    this.#last[encoding] = { type, encoded, frame }
    return frame
  }

  #make({ type, object, encoded }: WatchEventToSend, encoding: Encoding): Uint8Array {
    if (encoding === 'protobuf') {
      const bytes = encoded ? encoded.protobuf() : this.#toProtobuf(object)
      if (!bytes) throw new Error(`no protobuf message for ${object.apiVersion} ${object.kind}`)
      return encodeWatchFrame(type, bytes)
    }
    const head = `{"type":"${type}","object":`
    if (!encoded) return Buffer.from(`${head}${formatJson(object)}}\n`)
    return Buffer.concat([Buffer.from(head), encoded.json(), Buffer.from('}\n')])
  }
}
