import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalQuantity, milliOf, parseQuantity, QuantityError, quantityOf } from './quantity.ts'

const canonical = [
  ['1', '1'],
  ['0', '0'],
  ['1.5', '1500m'],
  ['1.5Gi', '1536Mi'],
  ['1024Ki', '1Mi'],
  ['1000', '1k'],
  ['0.5', '500m'],
  ['1000m', '1'],
  ['12e6', '12e6'],
  ['1500e3', '1500e3'],
  ['512', '512'],
  ['1000Ki', '1000Ki'],
  ['0.0000000001', '1n'],
  ['-1.5', '-1500m'],
  ['100000000000000000000Ei', '9223372036854775807'],
] as const

for (const [text, want] of canonical)
  test(`the quantity ${text} is written ${want}`, () => assert.equal(canonicalQuantity(text), want))

for (const text of ['', 'a', '1 Gi', '1Zi', '1.2.3', '--1', '1Kib', '1e'])
  test(`${JSON.stringify(text)} is no quantity`, () => assert.throws(() => parseQuantity(text), QuantityError))

test('milliOf rounds up', () => {
  assert.equal(milliOf('1.5Gi'), 1_610_612_736_000n)
  assert.equal(milliOf('1u'), 1n)
})

test('sums and comparisons are exact', () => {
  const sum = parseQuantity('100m').add(parseQuantity('0.2'))
  assert.equal(sum.toString(), '300m')
  assert.equal(sum.compare(parseQuantity('0.3')), 0)
  assert.equal(quantityOf(0, 'BinarySI').add(parseQuantity('1Gi')).subtract(parseQuantity('512Mi')).toString(), '512Mi')
})

const suffixes = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'u', 'n')
const quantities = fc.tuple(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(999), suffixes)

test('the canonical form means the same and is canonical itself', () => {
  fc.assert(
    fc.property(quantities, ([whole, fraction, suffix]) => {
      const given = parseQuantity(`${whole}.${fraction}${suffix}`)
      const text = given.toString()
      assert.equal(parseQuantity(text).nano, given.nano)
      assert.equal(canonicalQuantity(text), text)
    }),
    { numRuns: 5_000 },
  )
})

test('any text is a quantity or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.-+eEinumkKMGTP') }), (text) => {
      try {
        parseQuantity(text).toString()
      } catch (error) {
        if (!(error instanceof QuantityError)) throw error
      }
    }),
    { numRuns: 5_000 },
  )
})
