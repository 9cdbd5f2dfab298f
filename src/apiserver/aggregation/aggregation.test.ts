import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { type ExtensionServer, startExtensionServer } from '../../../test/support/extension-server.ts'
import { kubeconfigTransport } from '../../../test/support/kubeconfig-transport.ts'
import type { ResourceRef } from '../../api/resource-ref.ts'
import type { APIServiceCondition } from '../../api/types/apiregistration/v1.ts'
import { apiServices, configMaps, namespaces, services } from '../../api/types/resources.ts'

import type { Transport } from '../../client/transport.ts'
import { Cluster } from '../../cluster/embedded.ts'
import { systemClock } from '../../platform/clock.ts'
import { requireUpgrade } from '../../platform/http-upgrade.ts'

const group = 'things.example.org'
const root = `/apis/${group}/v1`
const things: ResourceRef = { group, version: 'v1', plural: 'things', kind: 'Thing', namespaced: false }
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

interface GroupDiscovery {
  readonly metadata: { readonly name: string }
  readonly versions: readonly { readonly freshness: string; readonly resources?: readonly { resource: string }[] }[]
}

describe('an API of another server', () => {
  let cluster: Cluster
  let server: ExtensionServer
  let http: Transport

  before(async () => {
    cluster = await Cluster.start({ components: ['apiserver'] })
    const trust = await cluster.client
      .of(configMaps)
      .get('extension-apiserver-authentication', { namespace: 'kube-system' })
    const clientAuthority = trust.data?.['requestheader-client-ca-file'] ?? ''
    server = await startExtensionServer({ serverName: 'things.ext.svc', clientAuthority, group, version: 'v1' })
    await cluster.client.of(namespaces).create({ metadata: { name: 'ext' } })
    const spec = { type: 'ExternalName', externalName: 'localhost' }
    await cluster.client.of(services).create({ metadata: { name: 'things', namespace: 'ext' }, spec })
    await cluster.client.of(apiServices).create({
      metadata: { name: `v1.${group}` },
      spec: {
        group,
        version: 'v1',
        service: { namespace: 'ext', name: 'things', port: server.port },
        caBundle: server.caBundle,
        groupPriorityMinimum: 100,
        versionPriority: 10,
      },
    })
    http = kubeconfigTransport(cluster.kubeconfig)
    await until((condition) => condition?.reason === 'Passed')
  })

  after(async () => {
    await http?.close()
    await server?.stop()
    await cluster?.stop()
  })

  /** Resolves when the condition `Available` is as wanted. */
  async function until(wanted: (condition: APIServiceCondition | undefined) => boolean): Promise<void> {
    for (;;) {
      const { status } = await cluster.client.of(apiServices).get(`v1.${group}`)
      const condition = status?.conditions?.find(({ type }) => type === 'Available')
      if (wanted(condition)) return
      await systemClock.sleep(20)
    }
  }

  async function discovered(): Promise<GroupDiscovery | undefined> {
    const { body } = await http.request({ method: 'GET', path: '/apis', accept: aggregated })
    return (body as { items: GroupDiscovery[] }).items.find(({ metadata }) => metadata.name === group)
  }

  async function untilDiscovered(freshness: string): Promise<GroupDiscovery> {
    for (;;) {
      const found = await discovered()
      if (found?.versions[0]?.freshness === freshness) return found
      await systemClock.sleep(20)
    }
  }

  test('gets requests with the identity of who asks', async () => {
    const { status, body } = await http.request({ method: 'GET', path: `${root}/things/one` })
    assert.equal(status, 200)
    assert.equal((body as { kind: string }).kind, 'Thing')
    const headers = server.seen.at(-1)!
    assert.equal(headers['x-remote-user'], 'kubernetes-admin')
    assert.match(String(headers['x-remote-group']), /system:masters/)
    assert.equal(headers.authorization, undefined)
    assert.equal(headers['x-forwarded-uri'], `${root}/things/one`)
  })

  test('gets the body of a request', async () => {
    const thing = { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'two' } }
    const { status, body } = await http.request({ method: 'POST', path: `${root}/things`, body: thing })
    assert.equal(status, 201)
    assert.deepEqual(body, thing)
  })

  test('gets the headers of a request', async () => {
    const contentType = 'application/merge-patch+json'
    await http.request({ method: 'PATCH', path: `${root}/things/one`, body: {}, contentType })
    assert.equal(server.seen.at(-1)!['content-type'], contentType)
  })

  test('may not redirect', async () => {
    const { status, body } = await http.request({ method: 'GET', path: `${root}/things/moved` })
    assert.equal(status, 502)
    assert.match(String(body), /^the backend attempted to redirect/)
  })

  for (const { title, client } of [
    { title: 'over HTTP', client: () => http },
    { title: 'within this process', client: () => cluster.client.transport },
  ]) {
    test(`streams a watch ${title}`, async () => {
      const events = []
      for await (const event of await client().watch({ path: `${root}/things` })) events.push(event.type)
      assert.deepEqual(events, ['ADDED'])
    })
  }

  test('answers components of this process', async () => {
    const thing = await cluster.client.of(things).get('one')
    assert.equal(thing.metadata.name, 'one')
  })

  test('may leave HTTP', async () => {
    const { certificateAuthority, clientCertificate, clientKey } = http.endpoint!
    const { socket } = await requireUpgrade({
      url: new URL(`${cluster.url}${root}/things/one/echo`),
      tls: {
        certificateAuthority: certificateAuthority!,
        clientCertificate: clientCertificate!,
        clientKey: clientKey!,
      },
      headers: ['Connection', 'Upgrade', 'Upgrade', 'echo'],
    })
    socket.write('hello')
    const [echo] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    assert.equal(echo.toString(), 'hello')
  })

  test('is in the documents', async () => {
    const { versions } = await untilDiscovered('Current')
    assert.deepEqual(
      versions[0]?.resources?.map(({ resource }) => resource),
      ['things'],
    )
    const { body } = await http.request({ method: 'GET', path: `/apis/${group}` })
    assert.deepEqual((body as { versions: object[] }).versions, [{ groupVersion: `${group}/v1`, version: 'v1' }])
    const v3 = await http.request({ method: 'GET', path: `/openapi/v3${root}` })
    assert.deepEqual(v3.body, { openapi: '3.0.0', paths: { [`${root}/things`]: {} } })
    const v2 = await http.request({ method: 'GET', path: '/openapi/v2' })
    const paths = Object.keys((v2.body as { paths: object }).paths)
    assert.ok(paths.includes(`${root}/things`) && !paths.includes('/other'))
  })

  test('that does not answer any more is unavailable, and stale in the documents', async () => {
    await untilDiscovered('Current')
    await server.stop()
    const annotations = { touched: 'true' }
    await cluster.client
      .of(services)
      .patch('things', { metadata: { annotations } }, { namespace: 'ext', type: 'merge' })
    await until((condition) => condition?.reason === 'FailedDiscoveryCheck')
    const { status, body } = await http.request({ method: 'GET', path: `${root}/things/one` })
    assert.deepEqual([status, body], [503, 'service unavailable\n'])
    await untilDiscovered('Stale')
    await cluster.client.of(apiServices).delete(`v1.${group}`)
    assert.equal(await discovered(), undefined)
  })
})
