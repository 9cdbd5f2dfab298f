import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { Cluster } from '../../src/cluster/embedded.ts'
import { ReferenceApi } from '../reference/api.ts'
import { until } from '../support/processes.ts'

const protobuf = 'application/vnd.kubernetes.protobuf'
const things = '/apis/example.net/v1/namespaces/default/things'
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.example.net' },
  spec: {
    group: 'example.net',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}
const thing = (name: string) => ({ apiVersion: 'example.net/v1', kind: 'Thing', metadata: { name } })

/** Custom resources have no protobuf message, and most clients of client-go's ask for protobuf first. */
describe('a custom resource', () => {
  let cluster: Cluster
  let api: ReferenceApi

  before(async () => {
    cluster = await Cluster.start({ components: ['apiserver'] })
    const [{ user }] = (parse(cluster.kubeconfig) as { users: [{ user: Record<string, string> }] }).users
    const decoded = (name: string) => Buffer.from(user[name] ?? '', 'base64').toString()
    const certificate = { cert: decoded('client-certificate-data'), key: decoded('client-key-data') }
    api = new ReferenceApi({ url: cluster.url, certificate })
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    await api.send({ method: 'POST', path: definitions, body: definition })
    await until('served', async () => (await api.send({ method: 'GET', path: things })).status === 200)
    await api.send({ method: 'POST', path: things, body: thing('one') })
  })
  after(async () => {
    await api?.close()
    await cluster?.stop()
  })

  for (const { accept, type, status = 200 } of [
    { accept: protobuf, type: protobuf, status: 406 },
    { accept: `${protobuf},application/json`, type: 'application/json' },
    { accept: `${protobuf},*/*`, type: 'application/json' },
    { accept: 'application/*', type: 'application/json' },
    { accept: `${protobuf};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`, type: protobuf },
  ]) {
    test(`asked for as ${accept} is answered ${status} in ${type}`, async () => {
      for (const path of [`${things}/one`, `${things}?watch=true&timeoutSeconds=1&resourceVersion=0`]) {
        const { status: answered, headers } = await api.send({ method: 'GET', path, headers: { accept } })
        assert.equal(answered, status, path)
        assert.equal(String(headers['content-type']).replace(';stream=watch', ''), type, path)
      }
    })
  }

  test('is not created for a client that could not take it', async () => {
    const headers = { accept: protobuf }
    assert.equal((await api.send({ method: 'POST', path: things, body: thing('two'), headers })).status, 406)
    assert.equal((await api.send({ method: 'GET', path: `${things}/two` })).status, 404)
  })

  test('that is not there is reported in protobuf, and as plain JSON where only metadata is taken', async () => {
    const ask = async (accept: string) => {
      const { headers } = await api.send({ method: 'GET', path: `${things}/none`, headers: { accept } })
      return headers['content-type']
    }
    assert.equal(await ask(`${protobuf},application/json`), protobuf)
    assert.equal(await ask(`${protobuf};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`), 'application/json')
  })

  test('is listed with sorted members, as a map is in Go', async () => {
    const { bytes } = await api.send({ method: 'GET', path: things })
    assert.match(
      bytes.toString(),
      /^\{"apiVersion":"example.net\/v1","items":\[.*\],"kind":"ThingList","metadata":\{"continue":""/,
    )
  })
})
