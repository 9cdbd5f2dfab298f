import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NftablesModel } from '../../../test/support/nftables-model.ts'
import { difference, type Ruleset, wholeTable } from './ruleset.ts'

const table = 'ip test'
const names = ['a', 'b', 'c', 'd', 'e']
const someNames = fc.subarray(names)

/** Rulesets whose rules and elements name only chains and sets that are there. */
const rulesets: fc.Arbitrary<Ruleset> = fc
  .record({ chains: someNames, sets: someNames, seed: fc.infiniteStream(fc.nat(20)) })
  .map(({ chains, sets, seed }) => {
    const pick = (from: readonly string[]) => from[seed.next().value! % from.length]
    const rules = () =>
      Array.from({ length: seed.next().value! % 3 }, () => {
        const number = seed.next().value!
        if (number % 3 === 0 && chains.length > 0) return `goto ${pick(chains)}`
        return number % 3 === 1 && sets.length > 0 ? `ip saddr @set-${pick(sets)} accept` : `counter ${number}`
      })
    const elements = () =>
      new Map(
        Array.from({ length: seed.next().value! % 4 }, () => {
          const verdict = chains.length > 0 ? `goto ${pick(chains)}` : 'drop'
          return [String(seed.next().value), verdict] as const
        }),
      )
    const definition = 'type inet_service : verdict ;'
    return {
      chains: new Map(chains.map((name) => [name, { rules: rules() }])),
      sets: new Map(sets.map((name) => [`set-${name}`, { kind: 'map', definition, elements: elements() }])),
    }
  })

function assertHolds(model: NftablesModel, { chains, sets }: Ruleset): void {
  const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  const { state } = model
  assert.deepEqual(sorted(state.chains), sorted(new Map([...chains].map(([name, { rules }]) => [name, [...rules]]))))
  const elements = new Map([...sets].map(([name, set]) => [name, new Map(sorted(set.elements))]))
  const held = new Map([...state.sets].map(([name, set]) => [name, new Map(sorted(set))]))
  assert.deepEqual(sorted(held), sorted(elements))
}

test('a difference leads from any ruleset to any other, and no statement leaves a name that is used and not there', () => {
  fc.assert(
    fc.property(fc.array(rulesets, { minLength: 2, maxLength: 4 }), ([first, ...rest]) => {
      const model = new NftablesModel()
      model.apply(wholeTable(table, first!))
      assertHolds(model, first!)
      let before = first!
      for (const after of rest) {
        model.apply(difference(table, before, after))
        assertHolds(model, after)
        before = after
      }
    }),
    { numRuns: 500 },
  )
})

test('equal rulesets differ by nothing', () => {
  fc.assert(fc.property(rulesets, (ruleset) => assert.equal(difference(table, ruleset, ruleset), '')))
})
