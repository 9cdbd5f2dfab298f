import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optionsFromEnvironment, resolveOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

test('later sources win, and undefined counts as not given', () => {
  const options = resolveOptions(
    { port: '7000', nodes: 3 },
    { port: 8000, nodes: undefined, 'cluster-domain': 'k.test' },
  )
  assert.equal(options.port, 8000)
  assert.equal(options.nodes, 3)
  assert.equal(options.clusterDomain, 'k.test')
})

test('the environment names every option', () => {
  const options = resolveOptions(
    optionsFromEnvironment({ KUBETS_DATA_DIR: '/tmp/x', KUBETS_COMPONENTS: 'apiserver,scheduler' }),
  )
  assert.equal(options.dataDir, '/tmp/x')
  assert.deepEqual(options.components, ['apiserver', 'scheduler'])
})

const mistakes = [
  {
    title: 'a port above 65535',
    source: { port: '70000' },
    says: /port must be a whole number from 0 to 65535, not "70000"/,
  },
  { title: 'an empty port', source: { port: '' }, says: /port must be a whole number/ },
  { title: 'an unknown key', source: { prot: 1 }, says: /unknown option "prot"; known are data-dir, port/ },
  { title: 'an unknown component', source: { components: 'apiserver,kubelet' }, says: /no component "kubelet"/ },
  { title: 'a datastore of another kind', source: { datastore: 'mysql://x' }, says: /must be sqlite or etcd/ },
  {
    title: 'a network without a length',
    source: { 'service-cidr': '10.0.0.0' },
    says: /service-cidr must be a network/,
  },
  { title: 'an unknown log level', source: { logLevel: 'loud' }, says: /logLevel must be one of trace/ },
]
for (const { title, source, says } of mistakes) {
  test(`${title} is refused with a sentence`, () => {
    assert.throws(
      () => resolveOptions(source),
      (error) => error instanceof UsageError && says.test(error.message),
    )
  })
}
