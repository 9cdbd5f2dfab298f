import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { Cluster } from '../../src/cluster/embedded.ts'
import { ReferenceApi } from './api.ts'
import { readBaseline, writeBaseline } from './baseline.ts'
import { prepare, suites } from './suites.ts'

/**
 * Our API server against the recordings of the original. A case outside `baseline.json` that fails is a regression;
 * one inside that passes has to be taken out: `UPDATE_REFERENCE_BASELINE=1` rewrites the file.
 */

interface Kubeconfig {
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[]
}

let cluster: Cluster
let api: ReferenceApi

const fromBase64 = (text: string) => Buffer.from(text, 'base64').toString()

before(async () => {
  // The cases were recorded with this service network and without controllers.
  cluster = await Cluster.start({ components: ['apiserver'], serviceCidr: '10.0.0.0/16' })
  const { user } = (parse(cluster.kubeconfig) as Kubeconfig).users[0]!
  const certificate = {
    cert: fromBase64(user['client-certificate-data']),
    key: fromBase64(user['client-key-data']),
  }
  api = new ReferenceApi({ url: cluster.url, certificate })
})

after(async () => {
  await api?.close()
  await cluster?.stop()
})

test('the objects that the cases refer to can be created', async () => {
  assert.deepEqual(await prepare(api), [])
})

for (const suite of suites()) {
  test(`${suite.name}: every case outside the baseline is as recorded`, async (context) => {
    const results = await suite.run(api)
    const failing = [...results].filter(([, failure]) => failure !== undefined)
    context.diagnostic(`${suite.size - failing.length} of ${suite.size} pass`)
    if (process.env.UPDATE_REFERENCE_BASELINE) {
      writeBaseline(
        suite.name,
        failing.map(([key]) => key),
      )
    }
    const known = new Set(readBaseline()[suite.name])
    // The order of managedFields depends on where a second ends: what the recordings cannot hold may pass the next time.
    const suspects = new Set(failing.map(([key]) => key).filter((key) => !known.has(key)))
    const again =
      suspects.size === 0 ? new Map<string, string | undefined>() : await suite.run(api, (key) => suspects.has(key))
    const regressions = [...again]
      .filter(([, failure]) => failure !== undefined)
      .filter(([key]) => !known.has(key))
      .map(([key, failure]) => `${key}\n    ${failure}`)
    assert.deepEqual(regressions, [])
    const passing = [...known].filter((key) => results.get(key) === undefined)
    assert.deepEqual(passing, [], 'these pass now: take them out of baseline.json')
  })
}
