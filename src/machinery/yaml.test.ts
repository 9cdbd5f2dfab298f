import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatYaml, parseYaml, YamlError } from './yaml.ts'

const documents = [
  { title: 'has the booleans of YAML 1.1', text: 'a: yes\nb: off', want: { a: true, b: false } },
  { title: 'leaves times and base 60 strings', text: 'a: 2020-01-01\nb: 1:30', want: { a: '2020-01-01', b: '1:30' } },
  { title: 'has keys that are strings', text: '1: 2\ntrue: 3', want: { 1: 2, true: 3 } },
  { title: 'is the first document', text: '---\na: 1\n---\nb: 2\n', want: { a: 1 } },
  { title: 'may be JSON', text: '{"a": [1, "x"]}', want: { a: [1, 'x'] } },
]

for (const { title, text, want } of documents)
  test(`a YAML body ${title}`, () => assert.deepEqual(parseYaml(text).value, want))

const refusals = [
  ['a: [', 'yaml: line 1: did not find expected node content'],
  ['a: b: c', 'yaml: mapping values are not allowed in this context'],
] as const

for (const [text, message] of refusals)
  test(`${JSON.stringify(text)} is refused in the words of go-yaml`, () =>
    assert.throws(
      () => parseYaml(text),
      (error) => error instanceof YamlError && error.message === message,
    ))

test('keys that are set twice are reported, and the last one counts', () => {
  const parsed = parseYaml('zz: 1\ndata: {a: "1", a: "2"}\n')
  assert.deepEqual(parsed.value, { zz: 1, data: { a: '2' } })
  assert.equal(parsed.duplicates, 'yaml: unmarshal errors:\n  line 2: key "a" already set in map')
})

test('a document of aliases of aliases is refused', () => {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`)
  assert.throws(() => parseYaml(['l0: &l0 [x]', ...levels].join('\n')), YamlError)
})

test('what is written is read back, keys sorted', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())), (value) => {
      assert.deepEqual({ ...(parseYaml(formatYaml(value)).value as object) }, { ...value })
    }),
    { numRuns: 1_000 },
  )
})

test('a key that would mean "merge" is quoted', () => {
  assert.equal(formatYaml({ '<<': 0 }), '"<<": 0\n')
})

test('a merge of what is no map is said as such', () => {
  assert.throws(() => parseYaml('<<: 1'), /^Error: yaml: map merge requires map or sequence of maps as the value$/)
})
