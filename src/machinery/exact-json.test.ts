import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayHaveLargeNumbers, parseExactJson } from './exact-json.ts'
import { formatJson } from './format-json.ts'
import { parseYaml } from './yaml.ts'

const rows: { title: string; text: string; value: unknown; formatted?: string }[] = [
  { title: 'the largest exact number', text: '9007199254740991', value: 9007199254740991 },
  { title: 'an integer beyond it', text: '9007199254740993', value: 9007199254740993n },
  { title: 'the largest int64', text: '9223372036854775807', value: 9223372036854775807n },
  { title: 'the smallest int64', text: '-9223372036854775808', value: -9223372036854775808n },
  { title: 'more than an int64', text: '9223372036854775808', value: 2 ** 63, formatted: '9223372036854776000' },
  {
    title: 'a long fraction',
    text: '0.12345678901234567',
    value: 0.12345678901234566,
    formatted: '0.12345678901234566',
  },
  { title: 'digits in a string', text: '"1234567890123456789"', value: '1234567890123456789' },
  { title: 'a list', text: '[1,9007199254740993]', value: [1, 9007199254740993n] },
]
for (const { title, text, value, formatted = text } of rows) {
  test(`${title} survives`, () => {
    assert.deepEqual(mayHaveLargeNumbers(text) ? parseExactJson(text) : JSON.parse(text), value)
    assert.equal(formatJson(value), formatted)
    assert.deepEqual(parseYaml(text, { exactIntegers: true }).value, value)
  })
}

test('a number that no float holds is refused', () => {
  assert.ok(mayHaveLargeNumbers('1e400'))
  const message = 'json: cannot unmarshal number 1e400 into Go value of type float64'
  assert.throws(() => parseExactJson('{"a":1e400}'), { message })
})
