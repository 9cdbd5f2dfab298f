import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { systemClock } from '../../platform/clock.ts'
import { createLogger, silentLogger } from '../../platform/log.ts'
import { storeContract } from '../contract.ts'
import type { Change, Store } from '../store.ts'
import { StoreError } from '../store-error.ts'
import { type EtcdProcess, etcdSkipReason, startEtcd } from './etcd-process.ts'
import { type EtcdStoreOptions, openEtcdStore } from './etcd-store.ts'

describe('etcd', { skip: etcdSkipReason ?? false }, () => {
  let etcd: EtcdProcess
  let lastPrefix = 0
  before(async () => {
    etcd = await startEtcd()
  })
  after(() => etcd?.dispose())

  storeContract('etcd', {
    open: async (clock) => {
      // Each test has data of its own under a prefix, so that one etcd serves them all.
      const prefix = `/contract-${++lastPrefix}`
      const openAgain = () => openEtcdStore({ endpoints: [etcd.endpoint], prefix, clock, log: silentLogger })
      let store = await openAgain()
      return {
        store,
        reopen: async () => {
          await store.close()
          store = await openAgain()
          return store
        },
        dispose: () => store.close(),
      }
    },
  })

  /** Stores over the same data, closed after the test. */
  function stores(context: TestContext) {
    const opened: Store[] = []
    context.after(() => Promise.all(opened.map((store) => store.close())))
    const prefix = `/stores-${++lastPrefix}`
    return async (options: Partial<EtcdStoreOptions> = {}) => {
      const defaults = { endpoints: [etcd.endpoint], prefix, clock: systemClock, log: silentLogger }
      const store = await openEtcdStore({ ...defaults, ...options })
      opened.push(store)
      return store
    }
  }

  test('fresh on one API server shows what another has written', async (context) => {
    const open = stores(context)
    const [one, other] = [await open(), await open()]
    for (let round = 0; round < 20; round++) {
      const result = await one.write({ key: `/k/${round}`, value: Buffer.from('x'), expected: 0 })
      assert(result.ok)
      assert((await other.fresh()) >= result.revision)
      assert(other.get(`/k/${round}`))
    }
  })

  test('fresh resolves although the newest revision is of somebody else', async (context) => {
    const open = stores(context)
    const [store, foreign] = [await open(), await open({ prefix: '/foreign' })]
    const result = await foreign.write({ key: `/${lastPrefix}`, value: Buffer.from('x'), expected: 0 })
    assert(result.ok)
    assert((await store.fresh()) >= result.revision)
    assert.equal(store.snapshot().count('', '\u{10ffff}'), 0)
  })

  test('two API servers cannot both win the same key', async (context) => {
    const open = stores(context)
    const both = [await open(), await open()]
    for (let round = 0; round < 20; round++) {
      const writes = both.map((store) => store.write({ key: `/k/${round}`, value: Buffer.from('x'), expected: 0 }))
      const results = await Promise.all(writes)
      assert.equal(results.filter(({ ok }) => ok).length, 1)
    }
  })

  test('a watch goes on after etcd was killed and started again', async (context) => {
    const open = stores(context)
    const store = await open()
    const seen: number[] = []
    const onEnd = (reason: Error) => assert.fail(`the watch ended: ${reason.message}`)
    const onChanges = (changes: readonly Change[]) => seen.push(...changes.map(({ revision }) => revision))
    const watched = store.watch({ prefix: '/', after: store.revision, onChanges, onEnd })
    assert(watched.ok)
    const first = await store.write({ key: '/a', value: Buffer.from('x'), expected: 0 })
    await etcd.kill()
    await etcd.start()
    const second = await writeUntilAnswered(store, '/b')
    watched.cancel()
    assert(first.ok)
    assert.deepEqual(seen, [first.revision, second])
  })

  test('watches end and the state is listed again when etcd compacted what was missed', async (context) => {
    const open = stores(context)
    const reconnecting = Promise.withResolvers<void>()
    const resume = Promise.withResolvers<void>()
    // Holds the store off the moment it waits before it watches again, until the history it needs is gone.
    const clock = {
      ...systemClock,
      sleep: async (delayMs: number) => {
        if (delayMs < 100) return systemClock.sleep(delayMs)
        reconnecting.resolve()
        await resume.promise
      },
    }
    const store = await open({ clock })
    const kept = await store.write({ key: '/kept', value: Buffer.from('x'), expected: 0, attachment: 'kept' })
    const gone = await store.write({ key: '/gone', value: Buffer.from('x'), expected: 0 })
    assert(kept.ok && gone.ok)
    const ended = Promise.withResolvers<Error>()
    store.watch({ prefix: '/', after: store.revision, onChanges: () => undefined, onEnd: ended.resolve })
    await etcd.kill()
    await etcd.start()
    await reconnecting.promise
    const other = await open()
    await other.write({ key: '/gone', value: undefined, expected: gone.revision })
    await other.write({ key: '/new', value: Buffer.from('y'), expected: 0 })
    await other.compact(other.revision)
    resume.resolve()
    const reason = await ended.promise
    assert(reason instanceof StoreError && reason.code === 'HistoryLost')
    assert.equal(store.get('/gone'), undefined)
    assert.equal(store.get('/new')?.value.byteLength, 1)
    assert.equal(store.get('/kept')?.attachment, 'kept')
    assert.equal(store.watch({ prefix: '/', after: gone.revision, onChanges: () => undefined }).ok, false)
  })

  test('a member that does not answer is passed over', async (context) => {
    const open = stores(context)
    const store = await open({ endpoints: ['127.0.0.1:1', etcd.endpoint] })
    assert((await store.write({ key: '/a', value: Buffer.from('x'), expected: 0 })).ok)
  })

  test('an etcd that cannot be reached is one clear sentence', async () => {
    const options = { endpoints: ['127.0.0.1:1'], clock: systemClock, log: createLogger({ level: 'silent' }) }
    await assert.rejects(openEtcdStore(options), (error) => {
      assert(error instanceof StoreError)
      assert.equal(error.code, 'Unavailable')
      assert.match(
        error.message,
        /^etcd \(127\.0\.0\.1:1\) does not answer .*: check that it runs and can be reached\.$/,
      )
      return true
    })
  })

  test('a value larger than etcd takes is refused, and the store goes on', async (context) => {
    const store = await stores(context)()
    const write = store.write({ key: '/big', value: Buffer.alloc(3 * 2 ** 20), expected: 0 })
    await assert.rejects(write, (error) => error instanceof StoreError && error.code === 'TooLarge')
    assert((await store.write({ key: '/a', value: Buffer.from('x'), expected: 0 })).ok)
  })
})

/** Tries until etcd answers; a try that failed before it reached etcd has written nothing. */
async function writeUntilAnswered(store: Store, key: string): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      const result = await store.write({ key, value: Buffer.from('x'), expected: 0 })
      if (result.ok) return result.revision
      if (result.current) return result.current.revision
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'Unavailable') throw error
      await systemClock.sleep(100)
    }
  }
  throw new Error('etcd did not come back')
}
