// Runs the reference cases against any API server:
// `node test/reference/run.ts --server URL --token TOKEN [--suite NAME] [--key PART] [--failures N]`
import { parseArgs } from 'node:util'
import { ReferenceApi } from './api.ts'
import { prepare, suites } from './suites.ts'

const { values } = parseArgs({
  options: {
    server: { type: 'string' },
    token: { type: 'string', default: '' },
    suite: { type: 'string' },
    key: { type: 'string', default: '' },
    failures: { type: 'string', default: '0' },
  },
})

/** The kind in a key such as `default/v1/Pod/name`; sequences and semantics go by their first two words. */
function kindOf(key: string): string {
  return /\/([A-Z][A-Za-z]+)\//.exec(key)?.[1] ?? key.split('/').slice(0, 2).join('/')
}

function printCounts(name: string, results: ReadonlyMap<string, string | undefined>): void {
  const counts = new Map<string, { passed: number; all: number }>()
  for (const [key, failure] of results) {
    const count = counts.get(kindOf(key)) ?? { passed: 0, all: 0 }
    counts.set(kindOf(key), { passed: count.passed + (failure ? 0 : 1), all: count.all + 1 })
  }
  for (const [kind, { passed, all }] of [...counts].sort()) console.log(`  ${kind}: ${passed}/${all}`)
  const passed = [...results.values()].filter((failure) => failure === undefined).length
  console.log(`${name}: ${passed}/${results.size}`)
}

async function main(server: string): Promise<void> {
  const api = new ReferenceApi({ url: server, token: values.token })
  try {
    for (const problem of await prepare(api)) console.log(`setup: ${problem}`)
    for (const suite of suites()) {
      if (values.suite && suite.name !== values.suite) continue
      const results = await suite.run(api, (key) => key.includes(values.key))
      const failures = [...results].filter(([, failure]) => failure !== undefined)
      for (const [key, failure] of failures.slice(0, Number(values.failures))) console.log(`${key}\n    ${failure}`)
      printCounts(suite.name, results)
    }
  } finally {
    await api.close()
  }
}

if (values.server === undefined) {
  console.error('--server is needed')
  process.exitCode = 1
} else await main(values.server)
