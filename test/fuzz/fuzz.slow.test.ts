import { after, test } from 'node:test'
import fc from 'fast-check'
import { fuzzes } from './all.ts'
import { inputsOf } from './fuzz.ts'

/** `npm run fuzz` has a million, and others each time. These are always the same: what fails is what was changed. */
const inputs = 10_000
const seed = 36

after(async () => {
  for (const { close } of fuzzes) await close?.()
})

for (const [{ name, property }, numRuns] of inputsOf(fuzzes, inputs)) {
  test(`${name}: ${numRuns} random inputs`, async () => {
    await fc.assert(property, { numRuns, seed })
  })
}
