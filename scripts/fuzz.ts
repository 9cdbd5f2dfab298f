// `npm run fuzz`: a million random inputs for decoders, patches, selectors, CEL and the whole API server.
//   --runs N       how many inputs there are in total (1000000)
//   --only TEXT    only what has this in its name
//   --seed N       the numbers all inputs are made from; a random one if not given, and printed
//   --path P       with --only and --seed: goes straight to the input that failed
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { fuzzes } from '../test/fuzz/all.ts'
import { type Fuzz, inputsOf } from '../test/fuzz/fuzz.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string' },
  },
})

const seed = Number(values.seed)

/** Whether it went well. What failed is said with all that is needed to see it again. */
async function run(fuzz: Fuzz, numRuns: number): Promise<boolean> {
  const startedMs = performance.now()
  const details = await fc.check(fuzz.property, { numRuns, seed, ...(values.path && { path: values.path }) })
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
  console.log(`${details.failed ? 'FAILED' : 'ok'}  ${fuzz.name}: ${details.numRuns} inputs, ${seconds} s`)
  if (!details.failed) return true
  console.log(`${fc.stringify(details.counterexample)}\n`, details.errorInstance)
  console.log(`again: npm run fuzz -- --only '${fuzz.name}' --seed ${seed} --path ${details.counterexamplePath}`)
  return false
}

process.on('unhandledRejection', (error) => {
  console.error('a rejection that nobody handles', error)
  process.exitCode = 1
})
console.log(`seed ${seed}`)
const chosen = fuzzes.filter(({ name }) => name.includes(values.only))
const failed: string[] = []
for (const [fuzz, inputs] of inputsOf(chosen, Number(values.runs)))
  if (!(await run(fuzz, inputs))) failed.push(fuzz.name)
for (const { close } of chosen) await close?.()
if (failed.length > 0) process.exitCode = 1
