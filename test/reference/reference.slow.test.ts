import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { Cluster } from '../../src/cluster/embedded.ts'
import { ReferenceApi } from './api.ts'
import { readBaseline, writeBaseline } from './baseline.ts'
import { prepare, type Suite, suites } from './suites.ts'

/**
 * Our API server against the recordings of the original. A case outside `baseline.json` that fails is a regression;
 * one inside that passes has to be taken out: `UPDATE_REFERENCE_BASELINE=1` rewrites the file.
 */

interface Kubeconfig {
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[]
}

const fromBase64 = (text: string) => Buffer.from(text, 'base64').toString()

interface Server {
  readonly api: ReferenceApi
  stop(): Promise<void>
}

/** A fresh one, with the objects that the cases refer to. */
async function startServer(): Promise<Server> {
  // The cases were recorded with this service network and without controllers.
  const cluster = await Cluster.start({ components: ['apiserver'], serviceCidr: '10.0.0.0/16' })
  const { user } = (parse(cluster.kubeconfig) as Kubeconfig).users[0]!
  const certificate = {
    cert: fromBase64(user['client-certificate-data']),
    key: fromBase64(user['client-key-data']),
  }
  const api = new ReferenceApi({ url: cluster.url, certificate })
  const stop = async () => {
    await api.close()
    await cluster.stop()
  }
  const problems = await prepare(api)
  if (problems.length === 0) return { api, stop }
  await stop()
  throw new Error(`objects that the cases refer to cannot be created: ${problems.join(', ')}`)
}

let server: Server
before(async () => {
  server = await startServer()
})
after(() => server?.stop())

for (const suite of suites()) {
  test(`${suite.name}: every case outside the baseline is as recorded`, async (context) => {
    const results = await suite.run(server.api)
    const failing = [...results].filter(([, failure]) => failure !== undefined)
    context.diagnostic(`${suite.size - failing.length} of ${suite.size} pass`)
    if (process.env.UPDATE_REFERENCE_BASELINE) {
      writeBaseline(
        suite.name,
        failing.map(([key]) => key),
      )
    }
    const known = new Set(readBaseline()[suite.name])
    const suspects = failing.filter(([key]) => !known.has(key))
    for (const [key, failure] of suspects) context.diagnostic(`runs once more: ${key} ${failure}`)
    assert.deepEqual(await failAgain(suite, new Set(suspects.map(([key]) => key))), [])
    const passing = [...known].filter((key) => results.get(key) === undefined)
    assert.deepEqual(passing, [], 'these pass now: take them out of baseline.json')
  })
}

/**
 * Which of `suspects` fail on a fresh server as well. The order of managedFields, for one, depends on where a second
 * ends: what the recordings cannot hold may pass the next time.
 */
async function failAgain(suite: Suite, suspects: ReadonlySet<string>): Promise<string[]> {
  if (suspects.size === 0) return []
  const { api, stop } = await startServer()
  try {
    const again = await suite.run(api, (key) => suspects.has(key))
    return [...again].filter(([, failure]) => failure !== undefined).map(([key, failure]) => `${key}\n    ${failure}`)
  } finally {
    await stop()
  }
}
