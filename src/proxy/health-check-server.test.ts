import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { silentLogger } from '../platform/log.ts'
import { HealthCheckServers } from './health-check-server.ts'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('a load balancer is told whether the node has endpoints, and nothing once the Service is gone', async () => {
  const port = await freePort()
  const check = { port, namespace: 'default', name: 'web' }
  const servers = new HealthCheckServers(silentLogger)
  try {
    await servers.sync([{ ...check, localEndpoints: 2 }])
    const healthy = await fetch(`http://127.0.0.1:${port}/healthz`)
    assert.equal(healthy.status, 200)
    assert.equal(healthy.headers.get('x-load-balancing-endpoint-weight'), '2')
    assert.deepEqual(await healthy.json(), {
      service: { namespace: 'default', name: 'web' },
      localEndpoints: 2,
      serviceProxyHealthy: true,
    })
    await servers.sync([{ ...check, localEndpoints: 0 }])
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 503)
    await servers.sync([])
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`))
  } finally {
    await servers.close()
  }
})
