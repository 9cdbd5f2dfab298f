import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { NodeReadings } from './resource-metrics.ts'
import { UsageSamples } from './usage-samples.ts'

/** A node that always uses half a core; `asked` counts how often its kubelet was asked. */
function setUp() {
  const clock = new VirtualClock()
  const state = { asked: 0, broken: false }
  const fetch = async (): Promise<NodeReadings> => {
    state.asked++
    if (state.broken) throw new Error('connection refused')
    const timeMs = clock.nowMs()
    return { node: { timeMs, startTimeMs: 0, cpuSeconds: timeMs / 2_000, memoryBytes: 1 }, pods: [] }
  }
  const samples = new UsageSamples({ fetch, clock, log: silentLogger })
  const usage = async () => {
    const pending = samples.usageOf('one')
    // The first time the kubelet is asked twice, with a second in between.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    await clock.advanceMs(1_000)
    return (await pending)?.node
  }
  return { clock, state, samples, usage }
}

test('the first who asks waits for a second of measuring', async () => {
  const { state, usage } = setUp()
  const node = await usage()
  assert.equal(node?.cpuNanoCores, 500_000_000)
  assert.equal(node.windowMs, 1_000)
  assert.equal(state.asked, 2)
})

test('an answer serves all for a while, and is then measured since', async () => {
  const { clock, state, usage } = setUp()
  await usage()
  await Promise.all([usage(), usage()])
  assert.equal(state.asked, 2)
  await clock.advanceMs(20_000)
  const node = await usage()
  assert.equal(state.asked, 3)
  assert.ok(node!.windowMs >= 20_000)
})

test('after a long while it is as at first', async () => {
  const { clock, state, usage } = setUp()
  await usage()
  await clock.advanceMs(600_000)
  const node = await usage()
  assert.equal(node?.windowMs, 1_000)
  assert.equal(state.asked, 4)
})

test('a kubelet that does not answer is told of by nothing, and asked again', async () => {
  const { state, usage } = setUp()
  state.broken = true
  assert.equal(await usage(), undefined)
  state.broken = false
  assert.notEqual(await usage(), undefined)
})
