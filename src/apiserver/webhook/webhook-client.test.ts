import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { FakeReader } from '../../../test/support/fake-reader.ts'
import { endpointSlices, services } from '../../api/types/resources.ts'
import { CertificateAuthority } from '../../cluster/certificates.ts'
import { systemClock } from '../../platform/clock.ts'
import { createWebhookClient, type WebhookClientConfig } from './webhook-client.ts'

let server: Server
let port: number
let caBundle: string
const requested: { url: string | undefined; host: string | undefined }[] = []

before(async () => {
  const authority = await CertificateAuthority.create('webhooks', systemClock)
  const { certificate: cert, key } = await authority.issue({
    commonName: 'webhook',
    names: ['127.0.0.1', 'hook.shop.svc'],
    usage: 'server',
  })
  caBundle = Buffer.from(authority.pair.certificate).toString('base64')
  server = createServer({ cert, key }, (request, response) => {
    requested.push({ url: request.url, host: request.headers.host })
    response.end(request.url?.startsWith('/text') ? 'hello' : '{"ok":true}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})

after(() => {
  server.closeAllConnections()
  server.close()
})

const service = (name: string) => ({
  metadata: { name, namespace: 'shop' },
  spec: { ports: [{ port: 443, name: 'https' }] },
})

function slice(name: string, address: string, ready = true) {
  return {
    metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready } }],
    ports: [{ name: 'https', port }],
  }
}

function clientWithServices() {
  const reader = new FakeReader()
    .put(services, service('hook'))
    .put(services, service('other'))
    .put(services, service('unready'))
    .put(endpointSlices, slice('hook', '127.0.0.1'))
    .put(endpointSlices, slice('other', '127.0.0.1'))
    .put(endpointSlices, slice('unready', '127.0.0.1', false))
  return createWebhookClient({ reader, clock: systemClock, random: () => 0 })
}

async function call(config: WebhookClientConfig): Promise<unknown> {
  const client = clientWithServices()
  try {
    return await client.call(client.target(config), { body: {}, timeoutMs: 5_000 })
  } catch (error) {
    return (error as Error).message
  }
}

describe('a call to a webhook', () => {
  test('by Service goes to a ready endpoint, under the name of the Service', async () => {
    requested.length = 0
    const config = { service: { namespace: 'shop', name: 'hook', path: '/a/' }, caBundle }
    assert.deepEqual(await call(config), { ok: true })
    assert.deepEqual(requested, [{ url: '/a?timeout=5s', host: 'hook.shop.svc' }])
  })

  const failing: { title: string; config: () => WebhookClientConfig; why: string }[] = [
    {
      title: 'a Service that is not there',
      config: () => ({ service: { namespace: 'shop', name: 'none' }, caBundle }),
      why: 'Post "https://none.shop.svc:443/?timeout=5s": service "none" not found',
    },
    {
      title: 'a Service without that port',
      config: () => ({ service: { namespace: 'shop', name: 'hook', port: 8443 }, caBundle }),
      why: 'Post "https://hook.shop.svc:8443/?timeout=5s": no service port 8443 found for service "hook"',
    },
    {
      title: 'a Service whose endpoints are not ready',
      config: () => ({ service: { namespace: 'shop', name: 'unready' }, caBundle }),
      why: 'Post "https://unready.shop.svc:443/?timeout=5s": no endpoints available for service "unready"',
    },
    {
      title: 'a certificate for another name',
      config: () => ({ service: { namespace: 'shop', name: 'other' }, caBundle }),
      why:
        'Post "https://other.shop.svc:443/?timeout=5s": tls: failed to verify certificate: ' +
        'x509: certificate is valid for 127.0.0.1, hook.shop.svc, not other.shop.svc',
    },
    {
      title: 'a port where nobody listens',
      config: () => ({ url: 'https://127.0.0.1:1/x', caBundle }),
      why: 'Post "https://127.0.0.1:1/x?timeout=5s": dial tcp 127.0.0.1:1: connect: connection refused',
    },
    {
      title: 'an answer that is no JSON',
      config: () => ({ url: `https://127.0.0.1:${port}/text`, caBundle }),
      why: "couldn't get version/kind; json parse error: invalid character 'h' looking for beginning of value",
    },
  ]
  for (const { title, config, why } of failing) {
    test(`fails for ${title}`, async () => assert.equal(await call(config()), why))
  }
})
