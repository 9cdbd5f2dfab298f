import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { VirtualClock } from '../platform/virtual-clock.ts'
import { type Change, type Entry, prefixEnd, type Revision, type Store, type WriteResult } from './store.ts'
import { StoreError } from './store-error.ts'

export interface Opened {
  readonly store: Store
  /** Closes the store and opens the same data again. */
  readonly reopen: () => Promise<Store>
  /** Closes what is open and removes the data. */
  readonly dispose: () => Promise<void>
}

export interface ContractOptions {
  /** Opens a store on data of its own. */
  readonly open: (clock: VirtualClock) => Promise<Opened>
  /** Why the engine cannot be tested here; undefined if it can. */
  readonly skip?: string | undefined
}

const bytes = (text: string) => Buffer.from(text)
const textOf = ({ value }: Entry) => Buffer.from(value).toString()

type Use = (opened: Opened & { readonly clock: VirtualClock }) => Promise<void>

/** What every engine promises, as tests. */
export function storeContract(engine: string, { open, skip }: ContractOptions): void {
  const using = (use: Use) => async () => {
    const clock = new VirtualClock()
    const opened = await open(clock)
    try {
      await use({ ...opened, clock })
    } finally {
      await opened.dispose()
    }
  }
  describe(`store contract, ${engine}`, { skip: skip ?? false }, () => {
    for (const [title, use] of Object.entries({ ...writing, ...reading, ...watching, ...lasting })) {
      test(title, using(use))
    }
    test('a random history holds against the model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) =>
          using(({ store }) => followModel(store, steps))(),
        ),
        { numRuns: modelRuns },
      )
    })
  })
}

const modelRuns = 15

/** Writes that must succeed. */
async function put(store: Store, key: string, value: string): Promise<Extract<WriteResult, { ok: true }>> {
  return write(store, key, bytes(value))
}

async function remove(store: Store, key: string): Promise<Extract<WriteResult, { ok: true }>> {
  return write(store, key, undefined)
}

async function write(store: Store, key: string, value: Uint8Array | undefined) {
  const result = await store.write({ key, value, expected: store.get(key)?.revision ?? 0 })
  assert(result.ok, `the write of ${key} lost a race that nobody else ran`)
  return result
}

/** A watch whose changes are kept in the order of their arrival. */
function record(store: Store, prefix: string, after: Revision) {
  const changes: Change[] = []
  const ends: Error[] = []
  const result = store.watch({
    prefix,
    after,
    onChanges: (batch) => changes.push(...batch),
    onEnd: (reason) => ends.push(reason),
  })
  assert(result.ok, 'the watch was refused')
  return { changes, ends, cancel: result.cancel }
}

const writing: Record<string, Use> = {
  'a key is created, updated and deleted, each at a revision of its own': async ({ store }) => {
    const created = await put(store, '/a', 'one')
    assert.equal(created.entry.createRevision, created.revision)
    const updated = await put(store, '/a', 'two')
    assert(updated.revision > created.revision)
    assert.equal(updated.entry.createRevision, created.revision)
    assert.equal(textOf(store.get('/a')!), 'two')
    const deleted = await remove(store, '/a')
    assert(deleted.revision > updated.revision)
    assert.equal(textOf(deleted.entry), 'two')
    assert.equal(store.get('/a'), undefined)
    assert(store.revision >= deleted.revision)
  },

  'a write is visible when it is acknowledged, with its attachment': async ({ store }) => {
    const attachment = { decoded: true }
    const result = await store.write({ key: '/a', value: bytes('x'), expected: 0, attachment })
    assert(result.ok)
    assert.equal(store.get('/a'), result.entry)
    assert.equal(result.entry.attachment, attachment)
  },

  'a write at the wrong revision conflicts and shows what stands there': async ({ store }) => {
    const { entry } = await put(store, '/a', 'one')
    for (const expected of [0, entry.revision + 1]) {
      for (const value of [bytes('two'), undefined]) {
        const result = await store.write({ key: '/a', value, expected })
        assert(!result.ok)
        assert.equal(result.current, store.get('/a'))
        assert.equal(textOf(result.current!), 'one')
      }
    }
  },

  'a write to a key that is gone conflicts with nothing there': async ({ store }) => {
    const { revision } = await put(store, '/a', 'one')
    await remove(store, '/a')
    for (const expected of [revision, 0]) {
      assert.deepEqual(await store.write({ key: '/a', value: undefined, expected }), {
        ok: false,
        reason: 'Conflict',
        current: undefined,
      })
    }
  },

  'one of many writers at the same revision wins': async ({ store }) => {
    const { revision } = await put(store, '/a', 'start')
    const attempts = Array.from({ length: 20 }, (_, index) =>
      store.write({ key: '/a', value: bytes(`${index}`), expected: revision }),
    )
    const results = await Promise.all(attempts)
    assert.equal(results.filter(({ ok }) => ok).length, 1)
    for (const result of results) if (!result.ok) assert.equal(result.current, store.get('/a'))
  },

  'pipelined writes to many keys all succeed, in order': async ({ store }) => {
    const attempts = Array.from({ length: 300 }, (_, index) => put(store, `/k/${index}`, `${index}`))
    const revisions = (await Promise.all(attempts)).map(({ revision }) => revision)
    assert.equal(new Set(revisions).size, 300)
    assert.equal(store.snapshot().count('/k/', prefixEnd('/k/')), 300)
  },

  'an empty value is a value': async ({ store }) => {
    await put(store, '/a', '')
    assert.equal(store.get('/a')?.value.byteLength, 0)
  },
}

const reading: Record<string, Use> = {
  'a range is sorted, and ends before its end': async ({ store }) => {
    for (const key of ['/p/b', '/p/c', '/p/a', '/q/a', '/o/z']) await put(store, key, key)
    const snapshot = store.snapshot()
    const keys = (entries: Iterable<Entry>) => [...entries].map(({ key }) => key)
    assert.deepEqual(keys(snapshot.range('/p/', prefixEnd('/p/'))), ['/p/a', '/p/b', '/p/c'])
    assert.deepEqual(keys(snapshot.slice('/p/b', prefixEnd('/p/'), 1)), ['/p/b'])
    assert.deepEqual(keys(snapshot.slice('/p/', '/p/c', 10)), ['/p/a', '/p/b'])
    assert.deepEqual(snapshot.slice('/p/', '/q', 0), [])
    assert.deepEqual(snapshot.slice('/q', '/p/', 5), [])
    assert.equal(snapshot.count('/p/', '/p/c'), 2)
    assert.equal(snapshot.get('/p/c')?.key, '/p/c')
  },

  'a snapshot does not see later writes': async ({ store }) => {
    for (let index = 0; index < 200; index++) await put(store, `/k/${index}`, 'old')
    const snapshot = store.snapshot()
    const walk = snapshot.range('/k/', prefixEnd('/k/'))[Symbol.iterator]()
    walk.next()
    await Promise.all(Array.from({ length: 200 }, (_, index) => put(store, `/k/${index}`, 'new')))
    await Promise.all(Array.from({ length: 100 }, (_, index) => remove(store, `/k/${index}`)))
    let seen = 1
    for (let next = walk.next(); !next.done; next = walk.next(), seen++) assert.equal(textOf(next.value), 'old')
    assert.equal(seen, 200)
    assert(snapshot.revision < store.revision)
  },

  'fresh resolves at or after the last write': async ({ store }) => {
    const { revision } = await put(store, '/a', 'x')
    assert((await store.fresh()) >= revision)
    assert(store.revision >= revision)
  },

  'stats count keys and bytes': async ({ store }) => {
    await put(store, '/a', 'xyz')
    const stats = await store.stats()
    assert.equal(stats.keys, 1)
    assert.equal(stats.liveBytes, 5)
    assert(stats.fileBytes > 0)
  },
}

const watching: Record<string, Use> = {
  'a watch tells each change of its prefix once, in order': async ({ store }) => {
    const watched = record(store, '/p/', store.revision)
    const first = await put(store, '/p/a', 'one')
    await put(store, '/q/a', 'other')
    const second = await put(store, '/p/a', 'two')
    const third = await remove(store, '/p/a')
    assert.deepEqual(
      watched.changes.map(({ type, key, revision, previous }) => [type, key, revision, previous?.revision]),
      [
        ['put', '/p/a', first.revision, undefined],
        ['put', '/p/a', second.revision, first.revision],
        ['delete', '/p/a', third.revision, undefined],
      ],
    )
    assert.equal(textOf(watched.changes[2]!.entry), 'two')
  },

  'a watch from the past is told history first, before it returns': async ({ store }) => {
    const { revision } = await put(store, '/p/a', 'one')
    const second = await put(store, '/p/b', 'two')
    const watched = record(store, '/p/', revision)
    assert.deepEqual(
      watched.changes.map((change) => change.revision),
      [second.revision],
    )
    await put(store, '/p/c', 'three')
    assert.equal(watched.changes.length, 2)
  },

  'a change is visible to reads when the watcher hears of it': async ({ store }) => {
    const seen: unknown[] = []
    store.watch({ prefix: '/', after: store.revision, onChanges: () => seen.push(store.get('/a')?.value.byteLength) })
    await put(store, '/a', 'abc')
    assert.deepEqual(seen, [3])
  },

  'a watch started by a watcher misses nothing and sees nothing twice': async ({ store }) => {
    const inner: Revision[] = []
    let started = false
    const onChanges = () => {
      if (started) return
      started = true
      const after = store.revision
      store.watch({ prefix: '/', after, onChanges: (batch) => inner.push(...batch.map(({ revision }) => revision)) })
    }
    store.watch({ prefix: '/', after: store.revision, onChanges })
    await put(store, '/a', 'one')
    const { revision } = await put(store, '/a', 'two')
    assert.deepEqual(inner, [revision])
  },

  'a cancelled watch hears nothing more': async ({ store }) => {
    const watched = record(store, '/', store.revision)
    await put(store, '/a', 'one')
    watched.cancel()
    await put(store, '/a', 'two')
    assert.equal(watched.changes.length, 1)
    assert.deepEqual(watched.ends, [])
  },

  'a watcher that throws ends alone': async ({ store }) => {
    const ends: Error[] = []
    const onChanges = () => {
      throw new Error('broken watcher')
    }
    store.watch({ prefix: '/', after: store.revision, onChanges, onEnd: (reason) => ends.push(reason) })
    const healthy = record(store, '/', store.revision)
    await put(store, '/a', 'one')
    await put(store, '/a', 'two')
    assert.equal(healthy.changes.length, 2)
    assert.deepEqual(
      ends.map((end) => (end as StoreError).code),
      ['WatcherFailed'],
    )
  },

  'progress is told to a watcher that nothing happened for': async ({ store, clock }) => {
    const progress: Revision[] = []
    const onChanges = () => assert.fail('no change was due')
    store.watch({ prefix: '/quiet/', after: store.revision, onChanges, onProgress: (at) => progress.push(at) })
    const { revision } = await put(store, '/loud/a', 'x')
    await clock.advanceMs(60_000)
    assert.deepEqual(progress, [revision])
  },

  'a watch from before a compaction is refused': async ({ store }) => {
    const { revision } = await put(store, '/a', 'one')
    const second = await put(store, '/a', 'two')
    await store.compact(second.revision)
    assert.equal(store.compactRevision, second.revision)
    assert.deepEqual(store.watch({ prefix: '/', after: revision, onChanges: () => assert.fail() }), {
      ok: false,
      reason: 'Compacted',
      compactRevision: second.revision,
    })
    assert.equal(textOf(store.get('/a')!), 'two')
    record(store, '/', second.revision)
  },

  'the past is dropped by itself once it is old': async ({ store, clock }) => {
    const { revision } = await put(store, '/a', 'one')
    await clock.advanceMs(5 * 60_000)
    record(store, '/', revision - 1)
    await clock.advanceMs(10 * 60_000)
    assert.equal(store.compactRevision, revision)
  },
}

const lasting: Record<string, Use> = {
  'everything acknowledged is there after a restart': async ({ store, reopen }) => {
    const kept = await put(store, '/kept', 'value')
    const changed = await put(store, '/changed', 'one')
    const { revision } = await put(store, '/changed', 'two')
    await put(store, '/gone', 'x')
    const gone = await remove(store, '/gone')
    const again = await reopen()
    assert.equal(again.revision, gone.revision)
    assert.equal(textOf(again.get('/kept')!), 'value')
    assert.equal(again.get('/kept')!.createRevision, kept.revision)
    assert.equal(again.get('/changed')!.revision, revision)
    assert.equal(again.get('/changed')!.createRevision, changed.revision)
    assert.equal(again.get('/gone'), undefined)
  },

  'the revision does not go back when the last writes were deletes and are compacted': async ({ store, reopen }) => {
    await put(store, '/a', 'x')
    const { revision } = await remove(store, '/a')
    await store.compact(revision)
    const again = await reopen()
    assert.equal(again.revision, revision)
    assert((await put(again, '/a', 'y')).revision > revision)
  },

  'close makes durable what was written, ends watches, and refuses the rest': async ({ store, reopen }) => {
    const watched = record(store, '/', store.revision)
    const pending = put(store, '/a', 'x')
    await Promise.all([pending, store.close()])
    assert.equal(watched.ends.length, 1)
    const late = store.write({ key: '/b', value: bytes('x'), expected: 0 })
    await assert.rejects(late, (error) => error instanceof StoreError && error.code === 'Closed')
    const again = await reopen()
    assert.equal(textOf(again.get('/a')!), 'x')
  },

  'a backup is written while writes go on': async ({ store }) => {
    const folder = await mkdtemp(join(tmpdir(), 'kubets-store-'))
    try {
      await put(store, '/a', 'before')
      const path = join(folder, 'backup')
      await Promise.all([store.backup(path), put(store, '/b', 'meanwhile')])
      await assert.rejects(store.backup(path), (error) => error instanceof StoreError && error.code === 'Path')
    } finally {
      await rm(folder, { recursive: true })
    }
  },
}

/** One step of a random history. */
type Step =
  | { readonly act: 'put' | 'remove' | 'race'; readonly key: number }
  | { readonly act: 'snapshot' | 'watch' | 'compact' }

const key = fc.integer({ min: 0, max: 7 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ act: fc.constant('put' as const), key }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('remove' as const), key }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('race' as const), key }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('snapshot' as const, 'watch' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('compact' as const) }) },
)

/** The simplest store there is: what each key holds, and every change there ever was. */
class Model {
  readonly live = new Map<string, string>()
  readonly changes: { readonly revision: Revision; readonly text: string }[] = []

  apply(key: string, value: string | undefined, revision: Revision): void {
    if (value === undefined) this.live.delete(key)
    else this.live.set(key, value)
    this.changes.push({ revision, text: `${revision} ${key} ${value ?? 'deleted'}` })
  }

  sorted(): string[] {
    return [...this.live].map(([key, value]) => `${key} ${value}`).sort()
  }
}

/** Runs the steps and judges what the store showed: nothing lost, no watcher missed or saw twice, snapshots stable. */
async function followModel(store: Store, steps: readonly Step[]): Promise<void> {
  const model = new Model()
  const start = store.revision
  const watches = [{ after: start, watched: record(store, '/m/', start) }]
  const snapshots: { readonly held: () => string[]; readonly expected: string[] }[] = []
  const perform: Record<Step['act'], (key: string, index: number) => Promise<void>> = {
    put: async (key, index) => model.apply(key, `${index}`, (await put(store, key, `${index}`)).revision),
    remove: async (key) => {
      if (store.get(key)) model.apply(key, undefined, (await remove(store, key)).revision)
    },
    race: async (key, index) => {
      const expected = store.get(key)?.revision ?? 0
      const values = [`${index} first`, `${index} second`]
      const results = await Promise.all(values.map((value) => store.write({ key, value: bytes(value), expected })))
      const winner = results.findIndex(({ ok }) => ok)
      assert.equal(results.filter(({ ok }) => ok).length, 1)
      model.apply(key, values[winner]!, (results[winner] as { revision: Revision }).revision)
    },
    snapshot: async () => {
      const snapshot = store.snapshot()
      snapshots.push({ held: () => listOf(snapshot.range('/m/', prefixEnd('/m/'))), expected: model.sorted() })
    },
    watch: async () => {
      const after = store.compactRevision
      watches.push({ after, watched: record(store, '/m/', after) })
    },
    compact: () => store.compact(store.revision),
  }
  for (const [index, each] of steps.entries()) await perform[each.act](`/m/${'key' in each ? each.key : ''}`, index)
  assert.deepEqual(listOf(store.snapshot().range('/m/', prefixEnd('/m/'))), model.sorted())
  for (const { held, expected } of snapshots) assert.deepEqual(held(), expected)
  for (const { after, watched } of watches) {
    const expected = model.changes.filter(({ revision }) => revision > after).map(({ text }) => text)
    assert.deepEqual(watched.changes.map(describeChange), expected)
  }
}

function describeChange({ type, key, revision, entry }: Change): string {
  return `${revision} ${key} ${type === 'delete' ? 'deleted' : textOf(entry)}`
}

function listOf(entries: Iterable<Entry>): string[] {
  return [...entries].map((entry) => `${entry.key} ${textOf(entry)}`)
}
