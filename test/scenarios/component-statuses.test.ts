import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ComponentStatus } from '../../src/api/types/core/v1.ts'
import { Cluster } from '../../src/cluster/embedded.ts'
import { kubeconfigTransport } from '../support/kubeconfig-transport.ts'
import { until } from '../support/processes.ts'

const path = '/api/v1/componentstatuses'

test('component statuses tell of what runs in the process, and look for the rest where upstream listens', async () => {
  await using cluster = await Cluster.start({ components: ['apiserver', 'scheduler'] })
  const transport = kubeconfigTransport(cluster.kubeconfig)
  const list = async (query: Record<string, string> = {}, accept = 'application/json') => {
    const { body } = await transport.request({ method: 'GET', path, query, accept })
    return body as { metadata: object; items: ComponentStatus[]; rows: { cells: string[] }[] }
  }
  try {
    await until('the scheduler runs', async () => (await list()).items[1]?.conditions?.[0]?.status === 'True')
    const { items, metadata } = await list()
    assert.deepEqual(metadata, {})
    const [controllers, ...others] = items
    const healthy = [{ type: 'Healthy', status: 'True', message: 'ok' }]
    assert.deepEqual(others, [
      { metadata: { name: 'scheduler' }, conditions: healthy },
      { metadata: { name: 'etcd-0' }, conditions: healthy },
    ])
    assert.equal(controllers?.metadata?.name, 'controller-manager')
    const [{ status, message } = {}] = controllers?.conditions ?? []
    const refused = 'Get "https://127.0.0.1:10257/healthz": dial tcp 127.0.0.1:10257: connect: connection refused'
    assert.deepEqual({ status, message }, { status: 'False', message: refused })

    const { items: selected } = await list({ fieldSelector: 'metadata.name=etcd-0' })
    assert.deepEqual(selected.length, 1)
    const { rows } = await list({}, 'application/json;as=Table;v=v1;g=meta.k8s.io')
    assert.deepEqual(
      rows.map(({ cells }) => cells),
      [
        ['controller-manager', 'Unhealthy', refused, ''],
        ['scheduler', 'Healthy', 'ok', ''],
        ['etcd-0', 'Healthy', 'ok', ''],
      ],
    )
    const one = await transport.request({ method: 'GET', path: `${path}/etcd-0` })
    const wanted = { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name: 'etcd-0' }, conditions: healthy }
    assert.equal(JSON.stringify(one.body), JSON.stringify(wanted))
  } finally {
    await transport.close()
  }
})
