import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../../../test/support/memory-store.ts'
import { builtInResources } from '../../../api/all.ts'
import { systemClock } from '../../../platform/clock.ts'
import { ClusterIpAllocator } from './cluster-ip-allocator.ts'
import { parseIpRange } from './ip-range.ts'

test('when a network is full, addresses come from the next one, and then there are none', async () => {
  const definition = builtInResources.find(({ plural }) => plural === 'ipaddresses')!
  const ranges = ['10.0.0.0/30', '10.0.1.0/30'].map(parseIpRange)
  const allocator = new ClusterIpAllocator({
    store: createMemoryStore(systemClock),
    definition,
    clock: systemClock,
    family: 'IPv4',
    ranges: () => ranges,
    random: () => 0,
  })
  const taken: (string | undefined)[] = []
  for (let count = 0; count < 5; count++) taken.push(await allocator.allocateNext({ namespace: 'n', name: 's' }, false))
  assert.deepEqual(taken, ['10.0.0.1', '10.0.0.2', '10.0.1.1', '10.0.1.2', undefined])
})
