import fc from 'fast-check'
import { builtInResources } from '../../src/api/all.ts'
import type { ResourceDefinition } from '../../src/api/resource-definition.ts'
import type { FieldSchema, FieldType, ObjectSchema, ScalarType } from '../../src/machinery/schema.ts'

export type JsonObject = Record<string, unknown>

/** Names that mean something somewhere, odd ones among them. */
export const words = fc.constantFrom(
  ...[
    'a',
    'b',
    'c',
    'default',
    'kube-system',
    'app',
    'x.example.com/y',
    'éä',
    '"',
    "'",
    '\\',
    '\n',
    ' ',
    '~',
    '/',
    '<<',
  ],
  ...['', '-', '.', '..', '*', '0', '1', 'null', 'true', 'no', '1e3', '0x1f', '~1', '%', '𝒳', '\u0000', '\ud800'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '$patch', '$retainKeys', '$ref', '[0]'],
)

/** Text that has a form in UTF-8, and so can come back from it. */
const wellFormedWords = words.map((word) => word.toWellFormed())

const scalars: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  string: wellFormedWords,
  boolean: fc.boolean(),
  int32: fc.oneof(fc.integer({ min: -2, max: 70_000 }), fc.integer()),
  int64: fc.oneof(fc.integer({ min: -2, max: 70_000 }), fc.maxSafeInteger()),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  bytes: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  Time: fc.constantFrom('2024-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '2024-02-29T12:00:00.5+02:00'),
  MicroTime: fc.constantFrom('2024-01-01T00:00:00.123456Z', '1969-12-31T23:59:59.999999+01:00'),
  Duration: fc.constantFrom('1s', '1m30s', '1.5h', '0s'),
  Quantity: fc.constantFrom('1', '1.5Gi', '100m', '0', '-1', '1e3', '9223372036854775807', '1n', 0.5, 3),
  IntOrString: fc.oneof(fc.integer(), fc.constantFrom('50%', 'http', '')),
  FieldsV1: fc.constant({ 'f:a': {} }),
  RawExtension: fc.constantFrom({ a: [1, 'x'] }, { kind: 'A', apiVersion: 'b/v1', n: null }),
  JSON: fc.jsonValue({ maxDepth: 1 }).filter((value) => value !== null),
}

/** Objects of types, a few fields of each; an arbitrary is made once a type and depth. */
export class ObjectArbitraries {
  readonly #made = new Map<string, fc.Arbitrary<JsonObject>>()
  /** Now and then a value that does not fit its field. */
  readonly #odd: fc.Arbitrary<unknown> | undefined

  constructor(odd?: fc.Arbitrary<unknown>) {
    this.#odd = odd
  }

  /** `depth`: how many levels of objects there are below it at most. */
  object(schema: ObjectSchema, depth = 4): fc.Arbitrary<JsonObject> {
    const key = `${schema.name}/${depth}`
    const known = this.#made.get(key)
    if (known) return known
    const fields = [...schema.fields.values()].filter(({ name }) => name !== 'kind' && name !== 'apiVersion')
    const members = fields.map((field) => this.#member(field, depth).map((value) => [field.name, value] as const))
    const made =
      members.length === 0
        ? fc.constant({})
        : fc.array(fc.oneof(...members), { maxLength: 5, size: 'max' }).map((entries) => Object.fromEntries(entries))
    this.#made.set(key, made)
    return made
  }

  #member(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
    const fitting = this.#fitting(field, depth)
    return this.#odd ? fc.oneof({ weight: 6, arbitrary: fitting }, { weight: 1, arbitrary: this.#odd }) : fitting
  }

  #fitting(field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
    const { type } = field
    const choice = field.enum && fc.constantFrom(...field.enum)
    if (type.kind !== 'list') return choice ?? this.value(type, depth)
    const items = choice ?? this.value(type.items, depth)
    const keys = field.patchMergeKey ? [field.patchMergeKey] : field.listType === 'map' ? field.listMapKeys : undefined
    const isMerged = field.patchStrategy?.includes('merge') || field.listType === 'set' || keys
    if (!isMerged) return fc.array(items, { maxLength: 2 })
    const whole = keys ? items.map((item) => withKeys(item, keys, type.items)) : items
    return fc.uniqueArray(whole, { maxLength: 3, selector: (item) => identityOf(item, keys) })
  }

  value(type: FieldType, depth: number): fc.Arbitrary<unknown> {
    switch (type.kind) {
      case 'list':
        return fc.array(this.value(type.items, depth), { maxLength: 2 })
      case 'map':
        return fc.dictionary(wellFormedWords, this.value(type.values, depth), { maxKeys: 2 }).map((map) => ({ ...map }))
      case 'object':
        return depth <= 0 ? fc.constant({}) : this.object(type.type, depth - 1)
      case 'union':
        return fc.constant({})
      case 'scalar':
        return scalars[type.scalar]
    }
  }
}

function withKeys(item: unknown, keys: readonly string[], type: FieldType): unknown {
  if (type.kind !== 'object') return item
  const missing = keys.filter((key) => !Object.hasOwn(item as JsonObject, key))
  return { ...(item as JsonObject), ...Object.fromEntries(missing.map((key) => [key, keyValue(key, type.type)])) }
}

function keyValue(key: string, schema: ObjectSchema): unknown {
  const type = schema.fields.get(key)?.type
  return type?.kind === 'scalar' && type.scalar === 'int32' ? 80 : 'a'
}

function identityOf(item: unknown, keys: readonly string[] | undefined): string {
  return JSON.stringify(keys ? keys.map((key) => (item as JsonObject)[key]) : item)
}

export interface KindObject {
  readonly definition: ResourceDefinition
  readonly object: JsonObject
}

/** An object of any built-in kind, of fields that fit unless `odd` is given. */
export function kindObjects(odd?: fc.Arbitrary<unknown>): fc.Arbitrary<KindObject> {
  const objects = new ObjectArbitraries(odd)
  return fc.oneof(
    ...builtInResources.map((definition) =>
      objects.object(definition.schema).map((object) => shown({ definition, object })),
    ),
  )
}

/** Two objects of the same kind. */
export function kindPairs(): fc.Arbitrary<KindObject & { readonly other: JsonObject }> {
  const objects = new ObjectArbitraries()
  return fc.oneof(
    ...builtInResources.map((definition) => {
      const one = objects.object(definition.schema)
      return fc.tuple(one, one).map(([object, other]) => shown({ definition, object, other }))
    }),
  )
}

/** Reports show the kind, and not all that is known of it. */
function shown<T extends KindObject>({ definition, ...rest }: T): T {
  const text = () => `${definition.kind} ${fc.stringify(rest)}`
  return Object.defineProperty({ definition, ...rest }, fc.toStringMethod, { value: text }) as unknown as T
}
