import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeValue } from '../../src/machinery/decode.ts'
import { apply } from '../../src/machinery/managed-fields/apply.ts'
import { trackUpdate } from '../../src/machinery/managed-fields/track-update.ts'
import { appliedObjectError } from '../../src/machinery/managed-fields/validate-applied.ts'
import { apiVersionOf, type KubeObject } from '../../src/machinery/object.ts'
import { applyJsonPatch, readJsonPatch } from '../../src/machinery/patch/json-patch.ts'
import { applyMergePatch, createMergePatch } from '../../src/machinery/patch/merge-patch.ts'
import { jsonEqual, PatchError } from '../../src/machinery/patch/patch-error.ts'
import {
  applyStrategicMergePatch,
  createTwoWayStrategicMergePatch,
} from '../../src/machinery/patch/strategic-merge-patch.ts'
import { declared, type Fuzz } from './fuzz.ts'
import { type JsonObject, kindObjects, kindPairs, words } from './objects.ts'

const anything = fc.jsonValue({ maxDepth: 3 })
const directives = fc.constantFrom<unknown>(
  ...[{ $patch: 'delete' }, { $patch: 'replace' }, { $patch: 'merge' }, { $patch: 'x' }, { $retainKeys: ['name'] }],
  ...[[{ $patch: 'replace' }], [{ $patch: 'delete', name: 'a' }], [{ name: 'a', $patch: 'delete' }, { name: 'a' }]],
  ...[{ '$setElementOrder/containers': [{ name: 'a' }] }, { '$deleteFromPrimitiveList/finalizers': ['a'] }],
  ...[{ '$setElementOrder/finalizers': ['b', 'a'], finalizers: ['a'] }, { $retainKeys: 1 }, null, [null], [[]], []],
)
const pairs = kindPairs()
const oddObjects = kindObjects(fc.oneof(anything, directives))

const pointer = fc.oneof(
  fc.array(words, { maxLength: 4 }).map((parts) => parts.map((part) => `/${part}`).join('')),
  fc.constantFrom(
    '/metadata',
    '/metadata/labels',
    '/spec',
    '/spec/containers/0',
    '/spec/containers/-',
    '/-',
    '',
    'x',
    '/',
  ),
)
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x', '__proto__'),
    path: pointer,
    from: pointer,
    value: anything,
  },
  { requiredKeys: [] },
)
const jsonPatches = fc.oneof(fc.array(operation, { maxLength: 5 }), fc.array(anything, { maxLength: 2 }), anything)

/** Refuses every write to it, at the line that writes. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

const jsonPatch = fc.property(kindObjects(), jsonPatches, ({ object }, patch) => {
  const operations = declared(() => readJsonPatch(frozen(patch)), PatchError)
  if (operations) declared(() => applyJsonPatch(frozen(object), operations), PatchError)
})

const mergePatch = fc.property(pairs, anything, ({ object }, patch) => {
  const once = declared(() => applyMergePatch(frozen(object), frozen(patch)), PatchError)
  if (once) assert.ok(jsonEqual(applyMergePatch(once, patch), once))
})

const mergeDifference = fc.property(pairs, ({ object, other }) => {
  const [from, to] = [plain(object), plain(other)]
  assert.ok(jsonEqual(applyMergePatch(frozen(from), createMergePatch(from, frozen(to))), to))
})

/** Without what means something else in a patch: nulls, and members that begin with a dollar. */
function plain(object: JsonObject): JsonObject {
  const members = Object.entries(object).filter(([name, member]) => member !== null && !name.startsWith('$'))
  return Object.fromEntries(members.map(([name, member]) => [name, plainValue(member)]))
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue)
  return typeof value === 'object' && value !== null ? plain(value as JsonObject) : value
}

const strategicPatch = fc.property(oddObjects, pairs, ({ definition, object: patch }, { object }) => {
  declared(() => applyStrategicMergePatch(frozen(object), frozen(patch), definition.schema), PatchError)
})

const strategicTwice = fc.property(pairs, ({ definition: { schema }, object, other }) => {
  const patch = plain(other)
  const once = applyStrategicMergePatch(frozen(object), frozen(patch), schema)
  const twice = applyStrategicMergePatch(once, patch, schema)
  assert.ok(jsonEqual(twice, once), JSON.stringify({ once, twice }))
})

const strategicDifference = fc.property(pairs, ({ definition: { schema }, object, other }) => {
  const [from, to] = [plain(object), plain(other)]
  const patch = createTwoWayStrategicMergePatch(frozen(from), frozen(to), schema)
  const patched = applyStrategicMergePatch(from, frozen(patch), schema)
  assert.ok(jsonEqual(patched, to), JSON.stringify({ patch, patched, to }))
})

const nowMs = Date.UTC(2024, 0, 1)

const applyOdd = fc.property(oddObjects, pairs, fc.boolean(), ({ definition, object }, { object: live }, force) => {
  const { schema } = definition
  if (appliedObjectError(frozen(object), schema) !== '') return
  const tracking = { schema, apiVersion: apiVersionOf(definition), nowMs, manager: 'a', force }
  apply({ ...tracking, applied: object as KubeObject, live: frozen(live) as KubeObject })
})

/**
 * Whoever applies owns what was applied last, whatever came before. Of the values only what holds others can differ:
 * where all of it went, structured-merge-diff leaves none instead of an empty one.
 */
const applyThreeWay = fc.property(pairs, ({ definition, object, other }) => {
  const { schema } = definition
  const tracking = { schema, apiVersion: apiVersionOf(definition), nowMs, manager: 'a', force: false }
  if ([object, other].some((each) => appliedObjectError(frozen(each), schema) !== '')) return
  const first = applied({ ...tracking, applied: object as KubeObject })
  // An object that nobody manages would be taken over as it is, by `before-first-apply`.
  if (!ownedFields(first)) return
  const second = applied({ ...tracking, applied: other as KubeObject, live: first })
  const again = applied({ ...tracking, applied: other as KubeObject, live: second })
  if (ownedFields(second)) assert.deepEqual(ownedFields(again), ownedFields(second))
  const alone = applied({ ...tracking, applied: other as KubeObject })
  assert.deepEqual(ownedFields(second), ownedFields(alone))
})

function ownedFields({ metadata }: KubeObject): unknown {
  return metadata?.managedFields?.map(({ fieldsV1 }) => fieldsV1)
}

/** The object as the server would go on with it. */
function applied(application: Parameters<typeof apply>[0]): KubeObject {
  const result = apply(application)
  if (!result.ok) throw new Error(`nobody else applies, and yet: ${result.message}`)
  return frozen(decodeValue(result.object, application.schema).object) as KubeObject
}

/** Two managers: whoever applies what another has set differently is told so, or takes it. */
const applyBeside = fc.property(pairs, ({ definition, object, other }) => {
  const { schema } = definition
  const tracking = { schema, apiVersion: apiVersionOf(definition), nowMs, force: false }
  if (appliedObjectError(frozen(other), schema) !== '') return
  const after = decodeValue(object, schema).object as KubeObject
  const managedFields = trackUpdate({ ...tracking, manager: 'a', after: frozen(after) })
  const live = frozen({ ...after, metadata: { ...after.metadata, ...(managedFields && { managedFields }) } })
  const polite = apply({ ...tracking, manager: 'b', applied: other as KubeObject, live: live as KubeObject })
  const forced = apply({
    ...tracking,
    manager: 'b',
    applied: other as KubeObject,
    live: live as KubeObject,
    force: true,
  })
  assert.ok(forced.ok)
  if (polite.ok) assert.ok(jsonEqual(polite.object, forced.object))
  else assert.ok(polite.causes.length > 0)
})

export const patches: readonly Fuzz[] = [
  { name: 'a JSON patch applies or is refused', share: 6, property: jsonPatch },
  { name: 'a merge patch applied twice changes no more', share: 4, property: mergePatch },
  { name: 'a merge patch made of two objects turns one into the other', share: 3, property: mergeDifference },
  { name: 'a strategic merge patch applies or is refused', share: 6, property: strategicPatch },
  { name: 'a strategic merge patch applied twice changes no more', share: 4, property: strategicTwice },
  { name: 'a strategic patch made of two objects turns one into the other', share: 4, property: strategicDifference },
  { name: 'odd objects are applied or refused', share: 4, property: applyOdd },
  { name: 'what is applied last counts', share: 4, property: applyThreeWay },
  { name: 'what others manage is taken by force only', share: 4, property: applyBeside },
]
