import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Client } from '../client/client.ts'
import { createSharedInformers } from '../client/shared-informers.ts'
import { createClient } from '../client/typed-client.ts'
import { conflict, tooManyRequests } from '../machinery/errors.ts'
import { createLogger } from '../platform/log.ts'
import { VirtualClock } from '../platform/virtual-clock.ts'
import type { ControllerContext, ControllerInstance } from './controller.ts'
import { runController } from './runner.ts'

/** Nothing is watched here, so nothing may be asked. */
const unreachable: Client = createClient({
  request: () => Promise.reject(new Error('no requests expected')),
  watch: () => Promise.reject(new Error('no watches expected')),
  close: async () => {},
})

async function run(make: (context: ControllerContext) => ControllerInstance, advanceMs: number) {
  const clock = new VirtualClock()
  const lines: string[] = []
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  const stop = new AbortController()
  const outcomes: string[] = []
  const running = runController(
    {
      controller: { name: 'test', create: make },
      client: unreachable,
      informers: createSharedInformers({ client: unreachable, clock, log }),
      clock,
      log,
      settings: { certificateAuthority: '', clusterCidrs: [] },
      observe: ({ outcome }) => outcomes.push(outcome),
    },
    stop.signal,
  )
  await clock.advanceMs(advanceMs)
  stop.abort()
  await clock.advanceMs(0)
  await running
  return { outcomes, warnings: lines.length }
}

/** Fails as told, then goes well. */
function failing(...errors: unknown[]) {
  return ({ queue }: ControllerContext): ControllerInstance => {
    queue.add('key')
    return {
      watches: [],
      async reconcile() {
        const error = errors.shift()
        if (error !== undefined) throw error
        return undefined
      },
    }
  }
}

const lostRace = conflict({ group: '', resource: 'pods' }, 'a', 'changed')
const busy = tooManyRequests('later', 3)
const rows: [title: string, errors: unknown[], afterMs: number, outcomes: string[], warnings: number][] = [
  ['what goes well is done', [], 0, ['done'], 0],
  [
    'what fails is tried again after 5 and 10 ms, and said',
    [new Error('a'), new Error('b')],
    15,
    ['failed', 'failed', 'done'],
    2,
  ],
  ['not before', [new Error('a'), new Error('b')], 14, ['failed', 'failed'], 2],
  ['a lost race is nothing to talk about', [lostRace], 5, ['failed', 'done'], 0],
  ['a busy server is given the time it asks for', [busy], 3000, ['requeued', 'done'], 0],
]
for (const [title, errors, afterMs, outcomes, warnings] of rows) {
  test(title, async () => assert.deepEqual(await run(failing(...errors), afterMs), { outcomes, warnings }))
}

test('a key that asks for it is looked at again later, and work without a key ends with the controller', async () => {
  let ended = false
  const { outcomes } = await run(({ queue, clock }) => {
    queue.add('key')
    return {
      watches: [],
      reconcile: async () => ({ requeueAfterMs: 1000 }),
      async run(signal) {
        await clock.sleep(60_000, signal)
        ended = signal.aborted
      },
    }
  }, 2500)
  assert.deepEqual(outcomes, ['requeued', 'requeued', 'requeued'])
  assert.ok(ended)
})

test('nothing is decided before the caches are filled', async () => {
  const { outcomes } = await run(({ queue }) => {
    queue.add('key')
    const never = { synced: new Promise<void>(() => {}), subscribe: () => () => {} }
    return { watches: [never], reconcile: async () => undefined }
  }, 60_000)
  assert.deepEqual(outcomes, [])
})
