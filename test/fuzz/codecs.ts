import assert from 'node:assert/strict'
import fc from 'fast-check'
import { canonicalForm } from '../../src/machinery/canonical.ts'
import { DecodeError, decodeJson, decodeValue } from '../../src/machinery/decode.ts'
import { JsonSyntaxError, parseJson } from '../../src/machinery/json-text.ts'
import { decodeMessage } from '../../src/machinery/protobuf/decode.ts'
import { encodeProtobuf, readEnvelope } from '../../src/machinery/protobuf/envelope.ts'
import { ProtobufError } from '../../src/machinery/protobuf/wire.ts'
import { formatYaml, parseYaml, YamlError } from '../../src/machinery/yaml.ts'
import { declared, type Fuzz } from './fuzz.ts'
import { mutatedBytes, mutatedText } from './mutations.ts'
import { type KindObject, kindObjects, words } from './objects.ts'

const anything = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' })
const objects = kindObjects()
const oddObjects = kindObjects(fc.oneof(anything, words))

/** What the store would hold of it. */
function stored({ definition, object }: KindObject): Record<string, unknown> {
  return canonicalForm(decodeValue(object, definition.schema).object, definition.schema, true)
}

const jsonRoundTrip = fc.property(objects, ({ definition, object }) => {
  const once = decodeValue(object, definition.schema)
  assert.deepEqual(once.strictErrors, [])
  const again = decodeJson(JSON.stringify(once.object), definition.schema)
  assert.deepEqual(again.strictErrors, [])
  assert.equal(JSON.stringify(again.object), JSON.stringify(once.object))
})

const canonicalOnce = fc.property(objects, fc.boolean(), ({ definition, object }, isStored) => {
  const once = canonicalForm(decodeValue(object, definition.schema).object, definition.schema, isStored)
  assert.equal(JSON.stringify(canonicalForm(once, definition.schema, isStored)), JSON.stringify(once))
})

const protobufRoundTrip = fc.property(objects, (given) => {
  const { schema, kind } = given.definition
  const object = stored(given)
  const { raw, kind: named } = readEnvelope(encodeProtobuf({ ...object, kind }, schema))
  assert.equal(named, kind)
  assert.equal(JSON.stringify(decodeMessage(raw, schema)), JSON.stringify(object))
})

const yamlRoundTrip = fc.property(fc.oneof(objects.map(stored), anything), (value) => {
  const json = JSON.parse(JSON.stringify(value).toWellFormed())
  assert.equal(inOrder(parseYaml(formatYaml(json)).value), inOrder(json))
})

/** YAML's keys are sorted. Minus zero is zero, as in Go's integers. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))
  })
}

const brokenJson = fc.property(
  oddObjects.chain(({ definition, object }) =>
    mutatedText(fc.constant(JSON.stringify(object))).map((text) => ({ schema: definition.schema, text })),
  ),
  ({ schema, text }) => {
    const decoded = declared(() => decodeJson(text, schema), JsonSyntaxError, DecodeError)
    if (decoded) declared(() => decodeJson(JSON.stringify(decoded.object), schema), DecodeError)
  },
)

const oddValues = fc.property(oddObjects, ({ definition, object }) => {
  const decoded = declared(() => decodeValue(object, definition.schema), DecodeError)
  if (!decoded) return
  const again = decodeValue(decoded.object, definition.schema).object
  assert.equal(JSON.stringify(again), JSON.stringify(decoded.object))
  encodeProtobuf({ ...decoded.object, kind: definition.kind }, definition.schema)
})

const jsonText = fc.property(fc.oneof(mutatedText(fc.json()), fc.string({ unit: 'binary' })), (text) => {
  const parsed = declared(() => parseJson(text), JsonSyntaxError)
  if (parsed) assert.deepEqual(parsed.value, JSON.parse(text))
})

const yamlText = fc.property(
  fc.oneof(mutatedText(anything.map((value) => formatYaml(value))), fc.string({ unit: 'binary', maxLength: 20 })),
  (text) => {
    declared(() => JSON.stringify(parseYaml(text)), YamlError)
  },
)

const brokenProtobuf = fc.property(
  objects.chain((given) =>
    mutatedBytes(fc.constant(encodeProtobuf(stored(given), given.definition.schema))).map((bytes) => ({
      ...given,
      bytes,
    })),
  ),
  ({ definition: { schema }, bytes }) => {
    const object = declared(() => decodeMessage(readEnvelope(bytes).raw, schema), ProtobufError, DecodeError)
    if (object) encodeProtobuf(object, schema)
  },
)

export const codecs: readonly Fuzz[] = [
  { name: 'an object is the same after JSON', share: 6, property: jsonRoundTrip },
  { name: 'a canonical object stays as it is', share: 4, property: canonicalOnce },
  { name: 'an object is the same after protobuf', share: 6, property: protobufRoundTrip },
  { name: 'a value is the same after YAML', share: 4, property: yamlRoundTrip },
  { name: 'broken JSON of an object is refused', share: 6, property: brokenJson },
  { name: 'values that do not fit are refused', share: 6, property: oddValues },
  { name: 'JSON text is read as JSON.parse does', share: 4, property: jsonText },
  { name: 'YAML text is read or refused', share: 3, property: yamlText },
  { name: 'broken protobuf is refused', share: 6, property: brokenProtobuf },
]
