import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../platform/log.ts'
import type { RequestContext } from '../request.ts'
import { createHealth, type HealthCheck } from './health.ts'

const ping: HealthCheck = { name: 'ping', check: () => {} }
const store: HealthCheck = {
  name: 'etcd',
  check: () => {
    throw new Error('disk full')
  },
}
const health = createHealth({ healthz: [ping], livez: [ping, store], readyz: [ping] }, silentLogger)

const rows = [
  { title: 'says ok in one word', path: '/readyz', status: 200, body: 'ok' },
  { title: 'tells each check', path: '/readyz?verbose', status: 200, body: '[+]ping ok\nreadyz check passed\n' },
  {
    title: 'withholds reasons',
    path: '/livez',
    status: 500,
    body: '[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed\n',
  },
  { title: 'leaves out what it is told to', path: '/livez?exclude=etcd', status: 200, body: 'ok' },
  { title: 'answers for one check', path: '/readyz/ping', status: 200, body: 'ok' },
]

for (const { title, path, status, body } of rows) {
  test(`health ${title}`, async () => {
    const [pathname, query = ''] = path.split('?')
    const context = { info: { path: pathname }, query: new URLSearchParams(query) } as unknown as RequestContext
    const answer = await health(context)
    assert.ok(answer?.kind === 'bytes')
    assert.deepEqual([answer.status, answer.body], [status, body])
  })
}

test('health has no checks it does not know', async () => {
  const context = { info: { path: '/readyz/nope' }, query: new URLSearchParams() } as unknown as RequestContext
  assert.equal(await health(context), undefined)
})
