import { jsonText } from './format-json.ts'
import { duplicateMembers, parseJson } from './json-text.ts'
import { canonicalQuantity, QuantityError } from './quantity.ts'
import type { FieldSchema, FieldType, ObjectSchema, ScalarType } from './schema.ts'
import { canonicalMicroTime, canonicalTime, TimeError } from './time.ts'

/**
 * From JSON to a fresh object in canonical form: fields in the order of upstream's structs, empty ones left out or
 * filled in as Go's encoder would, quantities and times as the server writes them back. Names are case-sensitive.
 * After sigs.k8s.io/json and the JSON forms of meta/v1 v1.36.
 */

/** What does not fit the schema; the message is upstream's, without `… cannot be handled as a …:`. */
export class DecodeError extends Error {}

export interface Decoded {
  readonly object: Record<string, unknown>
  /** `unknown field "spec.foo"`, `duplicate field "spec.a"`: errors, warnings or nothing, as fieldValidation says. */
  readonly strictErrors: readonly string[]
}

/** Upstream reports no more than these. */
const mostStrictErrors = 100

const utf8 = new TextDecoder()

/** Decodes the text or bytes of a JSON object. Throws JsonSyntaxError and DecodeError. */
export function decodeJson(json: string | Uint8Array, schema: ObjectSchema): Decoded {
  const text = typeof json === 'string' ? json : utf8.decode(json)
  const { value, hasDuplicates } = parseJson(text)
  const decoded = decodeOwned(value, schema)
  if (!hasDuplicates) return decoded
  const duplicates = duplicateMembers(text).map((path) => `duplicate field ${JSON.stringify(path)}`)
  return { ...decoded, strictErrors: [...decoded.strictErrors, ...duplicates].slice(0, mostStrictErrors) }
}

/** Decodes a plain value, such as a patched object or what another component passes in. Throws DecodeError. */
export function decodeValue(value: unknown, schema: ObjectSchema): Decoded {
  return decode(value, schema, { owned: false })
}

/** As `decodeValue`, for a value that nobody else holds: free-form parts are taken over, not copied. */
export function decodeOwned(value: unknown, schema: ObjectSchema): Decoded {
  return decode(value, schema, { owned: true })
}

interface DecodingOptions {
  readonly owned: boolean
}

function decode(value: unknown, schema: ObjectSchema, options: DecodingOptions): Decoded {
  const walk = new Decoding(options)
  if (!isObject(value)) throw walk.typeError(value, schema.name.split('.').slice(-2).join('.'))
  const object = walk.object(value, schema)
  return { object, strictErrors: walk.strictErrors }
}

/** The error that fieldValidation=Strict answers. */
export function strictDecodingError(strictErrors: readonly string[]): DecodeError {
  return new DecodeError(`strict decoding error: ${strictErrors.join(', ')}`)
}

/** A field and where it stands among its siblings; made once a schema. */
export interface Place {
  readonly field: FieldSchema
  readonly index: number
  /** For errors: Go's name of the struct, and the path below it, embedded structs included. */
  readonly struct: string
  readonly path: string
}

export interface Layout {
  readonly places: ReadonlyMap<string, Place>
  /** Fields that are written even when the client left them out, by index. */
  readonly kept: readonly Place[]
}

/** Made when a schema is first decoded; nothing of it changes afterwards. */
const layouts = new WeakMap<ObjectSchema, Layout>()

/** Where the fields of a schema stand. */
export function layoutOf(schema: ObjectSchema): Layout {
  const known = layouts.get(schema)
  if (known !== undefined) return known
  const struct = schema.name.slice(schema.name.lastIndexOf('.') + 1)
  const places = new Map<string, Place>()
  let index = 0
  for (const field of schema.fields.values())
    places.set(field.name, { field, index: index++, struct, path: embeddedPath(schema, field.name) })
  const layout = { places, kept: [...places.values()].filter(({ field }) => field.keepEmpty) }
  layouts.set(schema, layout)
  return layout
}

/** `VolumeSource.hostPath` for a field that Go embeds from another struct. */
function embeddedPath(schema: ObjectSchema, field: string): string {
  const message = schema.inlineMessages?.find(({ type }) => type.fields.has(field))
  if (message === undefined) return field
  return `${message.type.name.slice(message.type.name.lastIndexOf('.') + 1)}.${embeddedPath(message.type, field)}`
}

/** One decoding, and where in the object it is: a field, an index of a list, or a key of a map. */
class Decoding {
  readonly strictErrors: string[] = []
  readonly #path: (Place | number | string)[] = []
  /** The value was made for this decoding: free-form parts of it need no copy. */
  readonly #owned: boolean

  constructor({ owned }: DecodingOptions) {
    this.#owned = owned
  }

  object(value: Record<string, unknown>, schema: ObjectSchema): Record<string, unknown> {
    const { places, kept } = layoutOf(schema)
    const found: Place[] = []
    const values: unknown[] = []
    let sorted = true
    for (const key in value) {
      const place = places.get(key)
      if (place === undefined) {
        if (!schema.preserveUnknownFields) this.#unknown(key)
        continue
      }
      const member = this.#member(place, value[key])
      if (member === undefined) continue
      if (found.length > 0 && found[found.length - 1]!.index > place.index) sorted = false
      found.push(place)
      values.push(member)
    }
    const object = sorted ? assemble(found, values, kept) : assembleUnsorted(found, values, kept)
    if (schema.preserveUnknownFields) this.#addUnknown(object, value, places)
    return object
  }

  #addUnknown(object: Record<string, unknown>, value: Record<string, unknown>, places: Layout['places']): void {
    for (const key in value) if (!places.has(key)) setMember(object, key, this.#freeForm(value[key]))
  }

  #freeForm(value: unknown): unknown {
    return this.#owned ? value : cloneJson(value)
  }

  /** The value as it is written back, or `undefined` where it is left out. */
  #member(place: Place, value: unknown): unknown {
    if (value === null || value === undefined) return undefined
    const { field } = place
    this.#path.push(place)
    const member = this.#value(value, field.type, field.goType)
    this.#path.pop()
    return writtenBack(member, field)
  }

  #value(value: unknown, type: FieldType, goType: string | undefined): unknown {
    switch (type.kind) {
      case 'scalar':
        return this.#scalar(value, type.scalar, goType)
      case 'object':
        if (!isObject(value)) throw this.typeError(value, goType)
        return this.object(value, type.type)
      case 'list':
        return this.#list(value, type.items, goType)
      case 'map':
        return this.#map(value, type.values, goType)
      case 'union':
        return this.#union(value, type.type, goType)
    }
  }

  #list(value: unknown, items: FieldType, goType: string | undefined): unknown[] {
    if (!Array.isArray(value)) throw this.typeError(value, goType)
    const itemType = goType?.startsWith('[]') ? goType.slice(2) : undefined
    const list: unknown[] = []
    for (let index = 0; index < value.length; index++) {
      this.#path.push(index)
      list.push(this.#item(value[index], items, itemType))
      this.#path.pop()
    }
    return list
  }

  #map(value: unknown, values: FieldType, goType: string | undefined): Record<string, unknown> {
    if (!isObject(value)) throw this.typeError(value, goType)
    const valueType = goType?.replace(/^map\[[^\]]*\]/, '')
    const map: Record<string, unknown> = {}
    for (const key of sortedKeys(value)) {
      this.#path.push(key)
      setMember(map, key, this.#item(value[key], values, valueType === goType ? undefined : valueType))
      this.#path.pop()
    }
    return map
  }

  /** In lists and maps null is the zero value. */
  #item(value: unknown, type: FieldType, goType: string | undefined): unknown {
    return value === null || value === undefined ? zeroValue(type) : this.#value(value, type, goType)
  }

  /** The variant whose form the value has; a list of a variant that takes one is told from an object by itself. */
  #union(value: unknown, union: ObjectSchema, goType: string | undefined): unknown {
    const form = formOf(value)
    for (const { type } of union.fields.values())
      if (form === variantForm(type)) return this.#value(value, type, goType)
    throw this.typeError(value, goType)
  }

  #scalar(value: unknown, scalar: ScalarType, goType: string | undefined): unknown {
    switch (scalar) {
      case 'string':
        if (typeof value !== 'string') throw this.typeError(value, goType ?? 'string')
        return value
      case 'boolean':
        if (typeof value !== 'boolean') throw this.typeError(value, goType ?? 'bool')
        return value
      case 'int32':
      case 'int64':
        return this.#integer(value, scalar, goType ?? scalar)
      case 'double':
        if (typeof value !== 'number') throw this.typeError(value, goType ?? 'float64')
        return value
      case 'IntOrString':
        return typeof value === 'string' ? value : this.#integer(value, 'int32', 'int32')
      case 'bytes':
        return this.#bytes(value, goType)
      case 'Quantity':
        return canonical(canonicalQuantity, quantityText(value))
      case 'Time':
      case 'MicroTime':
        if (typeof value !== 'string') throw this.typeError(value, 'string')
        return canonical(scalar === 'Time' ? canonicalTime : canonicalMicroTime, value)
      default:
        return this.#freeForm(value)
    }
  }

  #integer(value: unknown, scalar: 'int32' | 'int64', goType: string): number {
    if (typeof value !== 'number') throw this.typeError(value, goType)
    const fits = scalar === 'int32' ? (value | 0) === value : Number.isInteger(value) && Math.abs(value) <= 2 ** 63
    if (!fits) throw this.typeError(value, goType, `number ${value}`)
    return value
  }

  #bytes(value: unknown, goType: string | undefined): string {
    if (typeof value !== 'string') throw this.typeError(value, goType ?? '[]uint8')
    const wrong = wrongBase64At(value)
    if (wrong !== undefined) throw new DecodeError(`illegal base64 data at input byte ${wrong}`)
    return /[\r\n]/.test(value) ? value.replace(/[\r\n]/g, '') : value
  }

  #unknown(key: string): void {
    if (this.strictErrors.length >= mostStrictErrors) return
    this.#path.push(key)
    this.strictErrors.push(`unknown field ${JSON.stringify(this.#strictPath())}`)
    this.#path.pop()
  }

  /** As strict decoding names places: `spec.containers[0].image`, keys of maps like fields. */
  #strictPath(): string {
    let path = ''
    for (const step of this.#path) {
      if (typeof step === 'number') path += `[${step}]`
      else path += (path === '' ? '' : '.') + (typeof step === 'string' ? step : step.field.name)
    }
    return path
  }

  /** Go's UnmarshalTypeError: the innermost struct, and the fields on the way to it without indexes and keys. */
  typeError(value: unknown, goType = 'interface {}', found = formOf(value)): DecodeError {
    const fields = this.#path.filter((step) => typeof step === 'object')
    const innermost = fields.at(-1)
    const where =
      innermost === undefined
        ? 'Go value'
        : `Go struct field ${innermost.struct}.${fields.map(({ path }) => path).join('.')}`
    return new DecodeError(`json: cannot unmarshal ${found} into ${where} of type ${goType}`)
  }
}

/** The value of a field as Go's encoder writes it; `undefined` where it is left out. */
export function writtenBack(value: unknown, field: FieldSchema): unknown {
  return field.keepEmpty || field.nullable || !isEmpty(value, field) ? value : undefined
}

/** The fields in order, with those that are always written between them. */
function assemble(
  found: readonly Place[],
  values: readonly unknown[],
  kept: readonly Place[],
): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  let next = 0
  for (let at = 0; at < found.length; at++) {
    const place = found[at]!
    for (; next < kept.length && kept[next]!.index < place.index; next++) fillIn(object, kept[next]!)
    if (next < kept.length && kept[next] === place) next++
    setMember(object, place.field.name, values[at])
  }
  for (; next < kept.length; next++) fillIn(object, kept[next]!)
  return object
}

export function assembleUnsorted(found: readonly Place[], values: readonly unknown[], kept: readonly Place[]) {
  const order = found.map((_, at) => at).sort((a, b) => found[a]!.index - found[b]!.index)
  return assemble(
    order.map((at) => found[at]!),
    order.map((at) => values[at]),
    kept,
  )
}

function fillIn(object: Record<string, unknown>, { field }: Place): void {
  object[field.name] = field.nullable ? null : zeroValue(field.type)
}

/** Go's encoder sorts the keys of maps. Most come sorted already. */
function sortedKeys(map: Record<string, unknown>): string[] {
  const keys = Object.keys(map)
  for (let at = 1; at < keys.length; at++) if (keys[at - 1]! > keys[at]!) return keys.sort()
  return keys
}

/** `__proto__` is a name like any other. */
function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  else object[name] = value
}

/** What Go's encoder writes for a value that was never set. */
export function zeroValue(type: FieldType): unknown {
  switch (type.kind) {
    case 'object':
      return assemble([], [], layoutOf(type.type).kept)
    case 'scalar':
      return zeroScalars[type.scalar] ?? null
    default:
      return null
  }
}

/** What Go has where nothing was said, of the types that are no pointers. */
export const zeroScalars: Partial<Record<ScalarType, unknown>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  double: 0,
  IntOrString: 0,
  Quantity: '0',
}

/** What `omitempty` leaves out; structs only by `omitzero`. */
function isEmpty(value: unknown, { type }: FieldSchema): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return true
  if (typeof value !== 'object' || type.kind === 'scalar' || type.kind === 'union') return false
  if (Array.isArray(value)) return value.length === 0
  for (const _ in value as object) return false
  return true
}

/** A copy of plain JSON; much quicker than structuredClone, which looks for everything else too. */
function cloneJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloneJson)
  const copy: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) setMember(copy, key, cloneJson(member))
  return copy
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON's forms in Go's words. */
function formOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : value === null ? 'null' : typeof value
}

function variantForm(type: FieldType): string {
  if (type.kind === 'list') return 'array'
  return type.kind === 'scalar' && type.scalar === 'boolean' ? 'bool' : 'object'
}

/** Upstream reads a quantity from the raw JSON, so that numbers are taken and anything else has the wrong format. */
function quantityText(value: unknown): string {
  return typeof value === 'string' ? value.trim() : jsonText(value)
}

function canonical<T>(read: (text: string) => T, text: string): T {
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof QuantityError || error instanceof TimeError)) throw error
    throw new DecodeError(error.message, { cause: error })
  }
}

const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Where Go's base64 decoder stops, or `undefined`. Line breaks are skipped. */
function wrongBase64At(text: string): number | undefined {
  if (base64Form.test(text)) return undefined
  const digits: number[] = []
  for (let at = 0; at < text.length; at++) if (text[at] !== '\r' && text[at] !== '\n') digits.push(at)
  const isDigit = (at: number) => /[A-Za-z0-9+/]/.test(text[digits[at]!]!)
  let at = 0
  while (at < digits.length && isDigit(at)) at++
  if (at === digits.length) return at % 4 === 0 ? undefined : (digits[at - (at % 4)] ?? text.length)
  if (text[digits[at]!] !== '=' || at % 4 < 2) return digits[at]
  const padding = 4 - (at % 4)
  if (padding === 2 && digits[at + 1] === undefined) return text.length
  if (padding === 2 && text[digits[at + 1]!] !== '=') return digits[at + 1]
  const trailing = digits[at + padding]
  return trailing
}
