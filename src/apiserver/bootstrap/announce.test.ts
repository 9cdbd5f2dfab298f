import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestServer } from '../../../test/support/rest-server.ts'
import type { ApiRequest, Transport } from '../../client/transport.ts'
import { internalError } from '../../machinery/errors.ts'
import { silentLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { announce } from './bootstrap.ts'

const facts = {
  advertiseAddress: '10.0.0.9',
  port: 6443,
  serviceCidr: '10.0.0.0/16',
  serviceAddress: '10.0.0.1',
  clientCertificateAuthority: 'PEM',
}

const trust = '/api/v1/namespaces/kube-system/configmaps'

test('a server that is kept from telling of itself starts, and tells later', async () => {
  const clock = new VirtualClock()
  const rest = createRestServer({ clock })
  await rest.send('POST', '/api/v1/namespaces', { metadata: { name: 'kube-system' } })
  let refuses = true
  const refused = { status: 500, body: internalError('failed calling webhook').status, warnings: [] }
  const transport: Transport = {
    ...rest.transport,
    watch: (request) => rest.transport.watch(request),
    close: () => rest.transport.close(),
    request: async (request: ApiRequest) =>
      refuses && request.method === 'POST' && request.path === trust ? refused : rest.transport.request(request),
  }
  const keepAnnouncing = await announce({ transport, clock, log: silentLogger, facts })
  const names = async (collection: string) => {
    const { body } = await rest.send('GET', collection)
    return (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name)
  }
  assert.deepEqual(await names('/api/v1/namespaces/default/services'), ['kubernetes'])
  assert.deepEqual(await names(trust), [])
  const announcing = keepAnnouncing(new AbortController().signal)
  await clock.advanceMs(10_000)
  assert.deepEqual(await names(trust), [])
  refuses = false
  await clock.advanceMs(10_000)
  await announcing
  assert.deepEqual(await names(trust), ['extension-apiserver-authentication'])
})
