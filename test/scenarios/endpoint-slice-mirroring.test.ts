import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointSlices, endpoints, services } from '../../src/api/types/resources.ts'
import { startControllers } from '../support/controllers.ts'

const namespace = 'default'
const metadata = { name: 'web', namespace }

test('Endpoints that somebody writes for a Service without selector are seen as slices', async () => {
  const cluster = await startControllers({ names: ['endpointslice-mirroring-controller'] })
  const { client } = cluster
  const slices = async () => (await client.of(endpointSlices).list({ namespace })).items
  const addresses = async () =>
    (await slices()).flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses))
  try {
    const written = { metadata, subsets: [{ addresses: [{ ip: '10.9.0.1' }], ports: [{ port: 80 }] }] }
    await client.of(endpoints).create(written)
    await cluster.clock.advanceMs(5_000)
    assert.deepEqual(await slices(), [])
    await client.of(services).create({ metadata, spec: { ports: [{ port: 80 }] } })
    await cluster.until('they are mirrored', async () => (await addresses()).join() === '10.9.0.1')
    const more = { ...written, subsets: [{ ...written.subsets[0]!, addresses: [{ ip: '10.9.0.2' }] }] }
    await client.of(endpoints).update(more)
    await cluster.until('the slice follows', async () => (await addresses()).join() === '10.9.0.2')
    assert.equal((await slices()).length, 1)
    await client.of(endpoints).delete('web', { namespace })
    await cluster.until('the slice goes with them', async () => (await slices()).length === 0)
  } finally {
    await cluster.stop()
  }
})
