import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import type { RequestContext } from '../request.ts'
import { flowHash } from './flow-controller.ts'
import { QueueSet, type Queuing, type Refusal, type Seats, type Started } from './queue-set.ts'
import { SeatDemand } from './seat-demand.ts'
import { dealHand } from './shuffle-sharding.ts'
import { oneSeat, type WorkEstimate } from './work-estimate.ts'

const queued: Queuing = { queues: 16, handSize: 4, queueLengthLimit: 3 }

function createQueues(queuing: Queuing, limit: number) {
  const clock = new VirtualClock()
  const queues = new QueueSet({ clock, demand: new SeatDemand(clock.monotonicMs()), waitLimitMs: 15_000 })
  queues.configure(queuing, limit)
  const start = (flow: string, work: WorkEstimate = oneSeat, signal = new AbortController().signal): Started =>
    queues.start(
      {
        work,
        flow,
        flowHash: () => flowHash('test', flow),
        flowSchema: 'test',
        arrivalMs: clock.nowMs(),
        context: {} as RequestContext,
      },
      () => signal,
    )
  return { clock, queues, start }
}

const seatsOf = (started: Started): Seats => {
  assert.ok(typeof started === 'object' && 'release' in started, 'it should have been served at once')
  return started
}

/** What has become of a request so far. */
function watched(started: Started): { outcome: Seats | Refusal | 'waiting' } {
  const state: { outcome: Seats | Refusal | 'waiting' } = { outcome: 'waiting' }
  if (started instanceof Promise) {
    started.then(
      (outcome) => {
        state.outcome = outcome
      },
      () => assert.fail('a request in a queue is never rejected'),
    )
  } else state.outcome = started
  return state
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('requests are served at once as long as there are seats', () => {
  const { queues, start } = createQueues(queued, 2)
  const [one, two] = [seatsOf(start('a')), seatsOf(start('b'))]
  assert.deepEqual([queues.executing, queues.seatsInUse], [2, 2])
  one.release()
  two.release()
  two.release()
  assert.deepEqual([queues.executing, queues.seatsInUse, queues.isIdle], [0, 0, true])
})

test('a request past the limit waits for a seat', async () => {
  const { queues, start } = createQueues(queued, 1)
  const first = seatsOf(start('a'))
  const second = watched(start('b'))
  await settled()
  assert.equal(second.outcome, 'waiting')
  first.release()
  await settled()
  assert.equal(typeof second.outcome, 'object')
  assert.equal(queues.waiting, 0)
})

test('a level without queues refuses instead', () => {
  const { start } = createQueues({ queues: 0, handSize: 1, queueLengthLimit: 1 }, 1)
  seatsOf(start('a'))
  assert.equal(start('a'), 'concurrency-limit')
})

test('an exempt level never limits', () => {
  const { queues, start } = createQueues({ queues: -1, handSize: 1, queueLengthLimit: 1 }, 0)
  for (let index = 0; index < 100; index++) seatsOf(start('a'))
  assert.equal(queues.executing, 100)
})

test('a flow that fills its hand of queues is refused; another still finds a queue', () => {
  const { start } = createQueues(queued, 1)
  seatsOf(start('flood'))
  const room = queued.handSize * queued.queueLengthLimit
  const flood = Array.from({ length: room + 1 }, () => start('flood'))
  assert.equal(flood.at(-1), 'queue-full')
  assert.ok(flood.slice(0, -1).every((started) => started instanceof Promise))
  assert.ok(start('mouse') instanceof Promise)
})

test('a small flow does not wait behind a large one', async () => {
  const { start } = createQueues({ ...queued, queueLengthLimit: 50 }, 1)
  const first = seatsOf(start('elephant'))
  const elephants = Array.from({ length: 40 }, () => watched(start('elephant')))
  const mouse = watched(start('mouse'))
  let held: Seats = first
  let turns = 0
  while (mouse.outcome === 'waiting') {
    held.release()
    await settled()
    turns++
    const served = elephants.find(({ outcome }) => typeof outcome === 'object' && outcome !== held)
    if (served) {
      held = served.outcome as Seats
      elephants.splice(elephants.indexOf(served), 1)
    }
  }
  assert.ok(turns <= queued.handSize + 1, `it had to wait for ${turns} others`)
})

test('a request that has waited too long is refused', async () => {
  const { clock, queues, start } = createQueues(queued, 1)
  seatsOf(start('a'))
  const late = watched(start('b'))
  await clock.advanceMs(15_000)
  await settled()
  assert.equal(late.outcome, 'time-out')
  assert.deepEqual([queues.waiting, queues.timedOut], [0, 1])
})

test('a client that goes away leaves its queue', async () => {
  const { queues, start } = createQueues(queued, 1)
  seatsOf(start('a'))
  const controller = new AbortController()
  const gone = watched(start('b', oneSeat, controller.signal))
  controller.abort()
  await settled()
  assert.equal(gone.outcome, 'time-out')
  assert.equal(queues.waiting, 0)
})

test('a request wider than its level is served alone', async () => {
  const { start } = createQueues(queued, 2)
  const narrow = seatsOf(start('a'))
  const wide = watched(start('b', { ...oneSeat, initialSeats: 5 }))
  await settled()
  assert.equal(wide.outcome, 'waiting')
  narrow.release()
  await settled()
  assert.equal(typeof wide.outcome, 'object')
})

test('seats linger while a change is sent to watchers', async () => {
  const { clock, queues, start } = createQueues(queued, 4)
  seatsOf(start('a', { initialSeats: 1, finalSeats: 3, additionalLatencyMs: 5 })).release()
  assert.deepEqual([queues.executing, queues.seatsInUse], [0, 3])
  await clock.advanceMs(5)
  assert.equal(queues.seatsInUse, 0)
})

test('a higher limit lets those who wait in', async () => {
  const { queues, start } = createQueues(queued, 1)
  seatsOf(start('a'))
  const waiting = watched(start('b'))
  queues.configure(queued, 2)
  await settled()
  assert.equal(typeof waiting.outcome, 'object')
})

test('a hand is dealt without repetition, the same for the same hash', () => {
  for (let index = 0; index < 200; index++) {
    const hash = flowHash('schema', `user-${index}`)
    const hand = dealHand(hash, 64, 6)
    assert.equal(new Set(hand).size, 6)
    assert.ok(hand.every((card) => card >= 0 && card < 64))
    assert.deepEqual(dealHand(hash, 64, 6), hand)
  }
})
