import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatFieldSelector, matchesFields, parseFieldSelector } from './field-selectors.ts'
import { parseLabelSelector } from './label-selector-parser.ts'
import { formatLabelSelector, labelMatcher, labelSelectorMatcher, SelectorError } from './selectors.ts'

const matches = [
  { selector: 'a=1', labels: { a: '1' }, want: true },
  { selector: 'a==1,b!=2', labels: { a: '1' }, want: true },
  { selector: 'a in (1,2)', labels: { a: '2' }, want: true },
  { selector: 'a notin (1)', labels: {}, want: true },
  { selector: 'a', labels: { b: '' }, want: false },
  { selector: '!a', labels: { b: '' }, want: true },
  { selector: 'a>3', labels: { a: '4' }, want: true },
  { selector: 'a<3', labels: { a: 'x' }, want: false },
  { selector: 'in in (in)', labels: { in: 'in' }, want: true },
  { selector: 'a=', labels: { a: '' }, want: true },
  { selector: 'a in (,b)', labels: { a: '' }, want: true },
  { selector: '', labels: {}, want: true },
  { selector: 'constructor', labels: {}, want: false },
]

for (const { selector, labels, want } of matches)
  test(`"${selector}" ${want ? 'selects' : 'does not select'} ${JSON.stringify(labels)}`, () =>
    assert.equal(labelMatcher(parseLabelSelector(selector))(labels), want))

const refusals = [
  ['bad key', "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"],
  ['=x', "found '=', expected: !, identifier, or 'end of string'"],
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['i in (1', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['i=1,', "found '', expected: identifier after ','"],
  [
    'i>x',
    `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
  ],
  ['a in', "unable to parse requirement: found '' expected: '('"],
  [
    'x/y/z=1',
    'unable to parse requirement: <nil>: Invalid value: "x/y/z": a valid label key must consist of alphanumeric ' +
      "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or " +
      "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an " +
      "optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
  ],
] as const

for (const [selector, want] of refusals)
  test(`"${selector}" is refused in upstream's words`, () =>
    assert.throws(() => parseLabelSelector(selector), { message: want }))

test('a LabelSelector that is absent selects nothing, an empty one everything', () => {
  assert.equal(labelSelectorMatcher(undefined)({}), false)
  assert.equal(labelSelectorMatcher({})({}), true)
  const expressions = labelSelectorMatcher({ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] })
  assert.equal(expressions({ a: '1' }), false)
})

test('field selectors compare, and unescape values', () => {
  const requirements = parseFieldSelector('spec.nodeName=a\\,b,status.phase!=Failed')
  const object: Record<string, string> = { 'spec.nodeName': 'a,b', 'status.phase': 'Running' }
  assert.equal(
    matchesFields(requirements, (field) => object[field] ?? ''),
    true,
  )
  assert.equal(formatFieldSelector(requirements), 'spec.nodeName=a\\,b,status.phase!=Failed')
  assert.throws(() => parseFieldSelector('spec.color'), {
    message: "invalid selector: 'spec.color'; can't understand 'spec.color'",
  })
})

test('any text is a selector or refused, and a selector survives formatting', () => {
  const texts = fc.string({
    unit: fc.constantFrom('a', 'b', 'in', 'notin', ' ', ',', '(', ')', '=', '!', '<', '1', '/'),
  })
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const parsed = parseLabelSelector(text)
        assert.deepEqual(parseLabelSelector(formatLabelSelector(parsed)), parsed)
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error
      }
      try {
        parseFieldSelector(text)
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error
      }
    }),
    { numRuns: 5_000 },
  )
})
