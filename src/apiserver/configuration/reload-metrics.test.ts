import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { reloadMetrics } from './reload-metrics.ts'

test('changes of a file are counted, and the content that counts is told by its digest', async () => {
  const registry = new Registry()
  const clock = new VirtualClock(5_000)
  const observer = reloadMetrics({ registry, clock, subject: 'authentication', identity: 'apiserver-a' })
  const lines = async () =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => line.startsWith('apiserver_'))
      .map((line) => line.replace('apiserver_authentication_config_controller_', '').replace(/sha256:(..).{62}/g, '$1'))
  assert.deepEqual(await lines(), [])
  observer.opened('one')
  assert.deepEqual(await lines(), ['last_config_info{apiserver_id_hash="b5",hash="76"} 1'])
  observer.failed()
  observer.reloaded('two')
  assert.deepEqual(await lines(), [
    'automatic_reloads_total{status="failure",apiserver_id_hash="b5"} 1',
    'automatic_reloads_total{status="success",apiserver_id_hash="b5"} 1',
    'automatic_reload_last_timestamp_seconds{status="failure",apiserver_id_hash="b5"} 5',
    'automatic_reload_last_timestamp_seconds{status="success",apiserver_id_hash="b5"} 5',
    'last_config_info{apiserver_id_hash="b5",hash="3f"} 1',
  ])
})
