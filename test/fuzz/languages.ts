import assert from 'node:assert/strict'
import fc from 'fast-check'
import { negotiate, parseAccept, takesGzip, wantsPretty } from '../../src/apiserver/http/negotiate.ts'
import { NodeHeaders } from '../../src/apiserver/http/request-context.ts'
import { parseRequestInfo } from '../../src/apiserver/request-info.ts'
import { decodeContinue, encodeContinue } from '../../src/apiserver/rest/continue-token.ts'
import { listOptions } from '../../src/apiserver/rest/list-options.ts'
import { isKnownForm } from '../../src/apiserver/rest/response-form.ts'
import { writeOptions } from '../../src/apiserver/rest/write-options.ts'
import { type FieldRequirement, formatFieldSelector, parseFieldSelector } from '../../src/machinery/field-selectors.ts'
import { DurationError, parseGoDuration } from '../../src/machinery/go-duration.ts'
import { JsonPathError, parseJsonPath } from '../../src/machinery/json-path.ts'
import { parseLabelSelector } from '../../src/machinery/label-selector-parser.ts'
import { canonicalQuantity, parseQuantity, QuantityError } from '../../src/machinery/quantity.ts'
import {
  formatLabelSelector,
  type LabelRequirement,
  labelMatcher,
  labelRequirement,
  SelectorError,
} from '../../src/machinery/selectors.ts'
import { StatusError } from '../../src/machinery/status.ts'
import { canonicalMicroTime, canonicalTime, TimeError } from '../../src/machinery/time.ts'
import { declared, type Fuzz } from './fuzz.ts'
import { words } from './objects.ts'

/** Text of a language: its words in any order, and anything. */
function textOf(...tokens: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    fc.array(fc.oneof(fc.constantFrom(...tokens), words), { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 30 }),
  )
}

const key = fc.constantFrom('a', 'b', 'in', 'notin', 'x.example.com/y', 'A_b-c.d')
const value = fc.constantFrom('', 'a', 'b', 'in', 'notin', '1', '12')
const requirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc
    .tuple(key, fc.constantFrom('=', '==', '!='))
    .chain(([k, operator]) => value.map((v) => labelRequirement(k, operator as '=', [v]))),
  fc
    .tuple(key, fc.constantFrom('in', 'notin'), fc.uniqueArray(value, { minLength: 1 }))
    .map(([k, operator, values]) => labelRequirement(k, operator as 'in', values.toSorted())),
  fc.tuple(key, fc.constantFrom('exists', '!')).map(([k, operator]) => labelRequirement(k, operator as '!', [])),
  fc
    .tuple(key, fc.constantFrom('gt', 'lt'), fc.nat())
    .map(([k, operator, bound]) => labelRequirement(k, operator as 'gt', [String(bound)])),
)

const labelText = fc.property(textOf('a', '=', '==', '!=', '!', ' in ', ' notin ', '(', ')', ',', '>', '<'), (text) => {
  const parsed = declared(() => parseLabelSelector(text), SelectorError)
  if (!parsed) return
  const again = parseLabelSelector(formatLabelSelector(parsed))
  assert.deepEqual(again, parsed)
  labelMatcher(parsed)({ a: 'b', in: '5' })
})

const labelForm = fc.property(fc.array(requirement, { maxLength: 4 }), fc.dictionary(key, value), (terms, labels) => {
  const parsed = parseLabelSelector(formatLabelSelector(terms))
  assert.equal(labelMatcher(parsed)(labels), labelMatcher(terms)(labels))
  assert.equal(parsed.length, terms.length)
})

const fieldText = fc.property(textOf('metadata.name', '=', '==', '!=', ',', '\\', '\\,', '\\=', '\\\\'), (text) => {
  declared(() => parseFieldSelector(text), SelectorError)
})

const fieldTerm: fc.Arbitrary<FieldRequirement> = fc.record({
  field: fc.constantFrom('metadata.name', 'status.phase', 'a'),
  operator: fc.constantFrom('=', '!='),
  value: fc.string({ unit: fc.constantFrom('a', ',', '=', '\\', 'é', ' ', '!') }),
})

const fieldForm = fc.property(fc.array(fieldTerm, { maxLength: 4 }), (terms) => {
  const byText = (term: FieldRequirement) => JSON.stringify(term)
  const parsed = parseFieldSelector(formatFieldSelector(terms))
  assert.deepEqual(parsed.map(byText).toSorted(), terms.map(byText).toSorted())
})

const scalarTexts = fc.property(
  textOf(
    '1',
    '.5',
    '-',
    '+',
    'e',
    'E3',
    'Ki',
    'm',
    'n',
    'Gi',
    '9999999999999999999',
    'h',
    's',
    'us',
    'T',
    'Z',
    ':',
    '-01',
  ),
  (text) => {
    const quantity = declared(() => canonicalQuantity(text), QuantityError)
    if (quantity !== undefined) {
      assert.equal(canonicalQuantity(quantity), quantity)
      assert.ok(parseQuantity(quantity))
    }
    declared(() => parseGoDuration(text), DurationError)
    const time = declared(() => canonicalTime(text), TimeError)
    if (time !== undefined) assert.equal(canonicalTime(time), time)
    declared(() => canonicalMicroTime(text), TimeError)
  },
)

const jsonPaths = fc.property(
  textOf(
    '{',
    '}',
    '.',
    '..',
    '[',
    ']',
    '[*]',
    '[?(@.',
    '==',
    '&&',
    ')',
    "'",
    '"',
    '$',
    '@',
    '1',
    ':',
    ',',
    'range ',
    'end',
  ),
  fc.jsonValue({ maxDepth: 3 }),
  (text, root) => {
    const path = declared(() => parseJsonPath(text), JsonPathError)
    if (path) declared(() => path(root), JsonPathError)
  },
)

const mediaTypes = textOf(
  ...[
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/cbor',
    '*/*',
    '*',
    '/',
  ],
  ...[
    ';',
    ',',
    ' ',
    'q=',
    '0.5',
    '1e9',
    'as=Table',
    'as=PartialObjectMetadata',
    'g=meta.k8s.io',
    'v=v1',
    'stream=watch',
  ],
  ...['gzip', 'identity', 'pretty=1', '=', '"'],
)

const negotiation = fc.property(mediaTypes, fc.boolean(), (header, stream) => {
  const clauses = parseAccept(header)
  for (const { quality } of clauses) assert.ok(Number.isFinite(quality) || quality === Number.POSITIVE_INFINITY)
  const found = negotiate(header, stream ? ['json'] : ['json', 'yaml', 'protobuf'], isKnownForm)
  if (found) isKnownForm(found.parameters, found.encoding)
  takesGzip(new NodeHeaders({ 'accept-encoding': header }))
  wantsPretty(new URLSearchParams({ pretty: header }), header)
})

const urls = fc.property(
  fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'x', '__proto__'),
  textOf(
    '/',
    '//',
    'api',
    'apis',
    '/v1',
    '/namespaces',
    '/pods',
    '/status',
    '/watch',
    '/proxy',
    '%2F',
    '%',
    '%zz',
    '%00',
    '..',
  ),
  textOf('watch', 'fieldSelector', '=', '&', 'metadata.name', '%3D', 'true', '1', 'limit', 'continue'),
  (method, path, query) => {
    const info = declared(() => parseRequestInfo(method, path, new URLSearchParams(query)), StatusError)
    if (info) assert.equal(typeof info.verb, 'string')
  },
)

const parameter = fc.tuple(
  fc.constantFrom(
    ...['watch', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'sendInitialEvents', 'timeoutSeconds'],
    ...['allowWatchBookmarks', 'dryRun', 'fieldManager', 'fieldValidation', 'force', 'labelSelector', 'pretty'],
  ),
  fc.oneof(
    fc.constantFrom(
      '',
      '0',
      '1',
      '-1',
      '9223372036854775808',
      'true',
      'false',
      'Exact',
      'NotOlderThan',
      'All',
      'Strict',
    ),
    words,
    fc.string({ unit: 'binary', maxLength: 8 }),
  ),
)
export const parameters = fc.array(parameter, { maxLength: 5 })

const queries = fc.property(parameters, fc.boolean(), (entries, watch) => {
  const query = new URLSearchParams(entries)
  refused(() => listOptions(query, watch))
  for (const kind of ['CreateOptions', 'UpdateOptions', 'PatchOptions'] as const)
    refused(() => writeOptions(query, kind))
  refused(() => writeOptions(query, 'PatchOptions', true))
})

/**
 * Runs what may end with a 4xx. Some of upstream's own refusals are plain errors, which it answers as a 500 without a
 * reason; `InternalError` is the reason of what nobody foresaw.
 */
function refused(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    assert.notEqual(error.reason, 'InternalError', error.message)
  }
}

const tokenJson = fc.record(
  {
    v: fc.oneof(fc.constant('meta.k8s.io/v1'), words),
    rv: fc.oneof(fc.integer(), words),
    start: fc.oneof(words, fc.string()),
  },
  { requiredKeys: [] },
)

const continueTokens = fc.property(
  fc.oneof(
    tokenJson.map((token) => Buffer.from(JSON.stringify(token)).toString('base64url')),
    fc.string({ unit: 'binary' }),
  ),
  (text) => {
    refused(() => {
      const token = decodeContinue(text)
      assert.deepEqual(decodeContinue(encodeContinue(token)), token)
    })
  },
)

export const languages: readonly Fuzz[] = [
  { name: 'a label selector is read or refused', share: 4, property: labelText },
  { name: 'a label selector means what its text means', share: 4, property: labelForm },
  { name: 'a field selector is read or refused', share: 3, property: fieldText },
  { name: 'a field selector is the same after its text', share: 3, property: fieldForm },
  { name: 'quantities, durations and times are read or refused', share: 4, property: scalarTexts },
  { name: 'a JSON path is read or refused', share: 4, property: jsonPaths },
  { name: 'Accept headers are negotiated', share: 3, property: negotiation },
  { name: 'a URL is read or refused', share: 4, property: urls },
  { name: 'a query is read or refused', share: 4, property: queries },
  { name: 'a continue token is read or refused', share: 2, property: continueTokens },
]
