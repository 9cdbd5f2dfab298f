import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { storeContract } from '../contract.ts'
import type { Store } from '../store.ts'
import { StoreError, type StoreErrorCode } from '../store-error.ts'
import { restoreRevisionBump, restoreSqliteStore } from './restore.ts'
import { migrate, migrations, schemaVersion } from './schema.ts'
import { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'

storeContract('sqlite', {
  open: async (clock) => {
    const folder = await mkdtemp(join(tmpdir(), 'kubets-store-'))
    const openAgain = () => openSqliteStore({ path: join(folder, 'store.db'), clock, log: silentLogger })
    let store = await openAgain()
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await openAgain()
        return store
      },
      dispose: async () => {
        await store.close()
        await rm(folder, { recursive: true })
      },
    }
  },
})

const isStoreError = (code: StoreErrorCode) => (error: unknown) => {
  assert(error instanceof StoreError, String(error))
  assert.equal(error.code, code, error.message)
  assert.match(error.message, /^[^\n]+[.]$/, 'the message is one sentence')
  return true
}

/** A folder, and stores in it, that are gone after the test. */
async function setUp(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'kubets-store-'))
  const path = join(folder, 'store.db')
  const stores: Store[] = []
  context.after(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await rm(folder, { recursive: true })
  })
  const open = async (options: Partial<SqliteStoreOptions> = {}) => {
    const store = await openSqliteStore({ path, clock: systemClock, log: silentLogger, ...options })
    stores.push(store)
    return store
  }
  return { folder, path, open }
}

async function fill(store: Store, count: number, size = 1_000): Promise<void> {
  const value = Buffer.alloc(size, 'x')
  const writes = Array.from({ length: count }, (_, index) => {
    const key = `/fill/${index}`
    return store.write({ key, value, expected: store.get(key)?.revision ?? 0 })
  })
  for (const { ok } of await Promise.all(writes)) assert(ok)
}

test('the file, its log and its backup are readable for their owner alone', async (context) => {
  const { folder, path, open } = await setUp(context)
  const store = await open()
  await fill(store, 1)
  await store.backup(join(folder, 'backup'))
  for (const each of [path, `${path}-wal`, join(folder, 'backup')]) assert.equal(statSync(each).mode & 0o777, 0o600)
})

test('a second instance in the same process is refused', async (context) => {
  const { open } = await setUp(context)
  const store = await open()
  await assert.rejects(open(), isStoreError('Locked'))
  await store.close()
  await open()
})

test('an instance in another process is refused until that one is killed', async (context) => {
  const { path, open } = await setUp(context)
  const child = spawn(process.execPath, [join(import.meta.dirname, 'crash-writer.ts'), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  context.after(() => child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await assert.rejects(open(), isStoreError('Locked'))
  child.kill('SIGKILL')
  await ended
  await open()
})

const damages: { title: string; code: StoreErrorCode; damage: (path: string) => void }[] = [
  { title: 'a file that is no database', code: 'Corrupt', damage: (path) => writeFileSync(path, 'x'.repeat(10_000)) },
  { title: 'a database of another program', code: 'Corrupt', damage: (path) => foreignDatabase(path) },
  { title: 'a file cut short', code: 'Corrupt', damage: (path) => truncateSync(path, 40_960) },
  { title: 'a flipped bit in a value', code: 'Corrupt', damage: (path) => flip(path, 'xxxxxxxx') },
  { title: 'a flipped bit in a key', code: 'Corrupt', damage: (path) => flip(path, '/fill/7') },
  { title: 'a row that vanished', code: 'Corrupt', damage: (path) => sql(path, 'DELETE FROM log WHERE revision = 9') },
  { title: 'a missing state row', code: 'Corrupt', damage: (path) => sql(path, 'DELETE FROM state') },
  { title: 'a newer format', code: 'NewerVersion', damage: (path) => sql(path, 'PRAGMA user_version = 99') },
]

for (const { title, code, damage } of damages) {
  test(`${title} is refused with a sentence and kept as it is`, async (context) => {
    const { path, open } = await setUp(context)
    const store = await open()
    await fill(store, 100)
    await store.close()
    damage(path)
    const before = readFileSync(path)
    await assert.rejects(open(), isStoreError(code))
    assert(readFileSync(path).equals(before))
  })
}

function sql(path: string, statement: string): void {
  const database = new DatabaseSync(path)
  database.exec(statement)
  database.close()
}

function foreignDatabase(path: string): void {
  writeFileSync(path, '')
  sql(path, 'CREATE TABLE other (id INTEGER PRIMARY KEY)')
}

/** Flips one bit at the last place where `text` stands. */
function flip(path: string, text: string): void {
  const content = readFileSync(path)
  const at = content.lastIndexOf(text)
  assert(at > 0)
  content[at + 1]! ^= 1
  writeFileSync(path, content)
}

/** Copies a store as a power cut would leave it, with its write-ahead log, and opens the copy after `damage`. */
async function openTorn(
  context: TestContext,
  damage: (wal: Buffer) => Buffer,
): Promise<{ store: Store; keys: number }> {
  const { folder, path, open } = await setUp(context)
  const store = await open()
  for (let index = 0; index < 10; index++) {
    await store.write({ key: `/k/${index}`, value: Buffer.from('value'), expected: 0 })
  }
  const copy = join(folder, 'copy.db')
  // The original holds a lock that closing any descriptor of its file would drop, so another process copies it.
  await new Promise((resolve) => spawn('cp', [path, copy]).once('exit', resolve))
  copyFileSync(`${path}-wal`, `${copy}-wal`)
  writeFileSync(`${copy}-wal`, damage(readFileSync(`${copy}-wal`)))
  const torn = await open({ path: copy })
  return { store: torn, keys: torn.snapshot().count('/k/', '/k0') }
}

test('a torn last transaction is dropped, and all before it is kept', async (context) => {
  const { keys } = await openTorn(context, (wal) => wal.subarray(0, wal.length - 100))
  assert.equal(keys, 9)
})

test('a write-ahead log that is damaged before its end is refused', async (context) => {
  const damage = (wal: Buffer) => {
    const at = wal.length - 3 * 4_120
    wal[at]! ^= 1
    return wal
  }
  await assert.rejects(openTorn(context, damage), isStoreError('Corrupt'))
})

test('a write-ahead log with a broken head is refused', async (context) => {
  const damage = (wal: Buffer) => {
    wal[17]! ^= 1
    return wal
  }
  await assert.rejects(openTorn(context, damage), isStoreError('Corrupt'))
})

test('an older format is brought to the newest, step by step', () => {
  const database = new DatabaseSync(':memory:')
  migrate(database, migrations)
  database.exec("INSERT INTO log VALUES (1, '/a', 1, 0, 0, 0, 0, 0, x'00')")
  migrate(database, [...migrations, 'ALTER TABLE log ADD COLUMN author TEXT'])
  assert.equal(schemaVersion(database), migrations.length + 1)
  assert.deepEqual({ ...database.prepare('SELECT key, author FROM log').get() }, { key: '/a', author: null })
  database.close()
})

test('a full disk rejects the write, and the store goes on', async (context) => {
  const { path, open } = await setUp(context)
  const store = await open({ quotaBytes: 200_000 })
  await fill(store, 50)
  const big = { key: '/big', value: Buffer.alloc(500_000), expected: 0 }
  await assert.rejects(store.write(big), isStoreError('DiskFull'))
  assert.equal(store.get('/big'), undefined)
  assert((await store.write({ key: '/small', value: Buffer.from('x'), expected: 0 })).ok)
  await store.close()
  const again = await open({ path })
  assert.equal(again.snapshot().count('/', '0'), 51)
})

test('a disk that history has filled makes room by itself', async (context) => {
  const { open } = await setUp(context)
  const store = await open({ quotaBytes: 400_000 })
  const update = async () => {
    const expected = store.get('/a')?.revision ?? 0
    assert((await store.write({ key: '/a', value: Buffer.alloc(50_000), expected })).ok)
  }
  const updateUntilFull = async () => {
    for (;;) await update()
  }
  await assert.rejects(updateUntilFull(), isStoreError('DiskFull'))
  assert.equal(store.compactRevision, store.revision)
  // Waits for the compaction that the refusal has begun.
  await store.compact(store.revision)
  await update()
})

test('a backup restores, at a revision that no client has seen', async (context) => {
  const { folder, open } = await setUp(context)
  const store = await open()
  await fill(store, 200)
  const gone = await store.write({ key: '/gone', value: Buffer.from('x'), expected: 0 })
  await store.write({ key: '/gone', value: undefined, expected: gone.ok ? gone.revision : 0 })
  const backup = join(folder, 'backup.db')
  await Promise.all([store.backup(backup), fill(store, 300)])
  const restored = join(folder, 'restored.db')
  await restoreSqliteStore({ backup, path: restored })
  const again = await open({ path: restored })
  assert(again.snapshot().count('/fill/', '/fill0') >= 200)
  assert.equal(again.get('/gone'), undefined)
  assert(again.revision > store.revision + restoreRevisionBump / 2)
  assert.equal(again.watch({ prefix: '/', after: store.revision, onChanges: () => assert.fail() }).ok, false)
  await assert.rejects(restoreSqliteStore({ backup, path: restored }), isStoreError('Path'))
  assert((await again.write({ key: '/new', value: Buffer.from('x'), expected: 0 })).ok)
  await again.close()
  const later = await open({ path: restored })
  assert.equal(later.watch({ prefix: '/', after: store.revision, onChanges: () => assert.fail() }).ok, false)
})

test('a store closed during a backup closes whole, and the backup ends one way or the other', async (context) => {
  const { folder, path, open } = await setUp(context)
  const store = await open()
  await fill(store, 3_000)
  const backup = join(folder, 'backup.db')
  const [backedUp] = await Promise.allSettled([store.backup(backup), store.close()])
  assert.equal(statSync(backup, { throwIfNoEntry: false }) !== undefined, backedUp.status === 'fulfilled')
  const again = await open({ path })
  assert.equal(again.snapshot().count('/fill/', '/fill0'), 3_000)
})

test('a write does not wait for the compaction of a long history', async (context) => {
  const { open } = await setUp(context)
  const store = await open()
  for (let round = 0; round < 10; round++) await fill(store, 2_000, 100)
  const order: string[] = []
  const compaction = store.compact(store.revision).then(() => order.push('compaction'))
  const write = store.write({ key: '/a', value: Buffer.from('x'), expected: 0 }).then(() => order.push('write'))
  await Promise.all([compaction, write])
  assert.deepEqual(order, ['write', 'compaction'])
})

test('an idle store has no timer once its history is old', async (context) => {
  const { open } = await setUp(context)
  const clock = new VirtualClock()
  const store = await open({ clock })
  await fill(store, 10)
  store.watch({ prefix: '/none/', after: store.revision, onChanges: () => undefined, onProgress: () => undefined })
  await clock.advanceMs(15 * 60_000)
  assert.equal(clock.pendingTimers, 0)
})

test('a path that cannot be is refused with a sentence', async (context) => {
  const { open } = await setUp(context)
  await assert.rejects(open({ path: '/dev/null/store.db' }), isStoreError('Path'))
})

test('a worker that cannot start is reported with a sentence', async (context) => {
  const { open } = await setUp(context)
  await assert.rejects(open({ workerUrl: new URL('./no-such-worker.ts', import.meta.url) }), isStoreError('Closed'))
})

test('a damaged backup is not restored, and nothing is left of the attempt', async (context) => {
  const { folder, open } = await setUp(context)
  const store = await open()
  await fill(store, 20)
  const backup = join(folder, 'backup.db')
  await store.backup(backup)
  flip(backup, 'xxxxxxxx')
  const path = join(folder, 'restored.db')
  await assert.rejects(restoreSqliteStore({ backup, path }), isStoreError('Corrupt'))
  assert.equal(statSync(path, { throwIfNoEntry: false }), undefined)
  assert.equal(statSync(`${path}.unfinished`, { throwIfNoEntry: false }), undefined)
})

test('history survives a restart, so that watches go on where they were', async (context) => {
  const { open } = await setUp(context)
  const store = await open()
  const first = await store.write({ key: '/a', value: Buffer.from('one'), expected: 0 })
  assert(first.ok)
  await store.write({ key: '/a', value: Buffer.from('two'), expected: first.revision })
  await store.close()
  const again = await open()
  const seen: unknown[] = []
  again.watch({
    prefix: '/',
    after: first.revision,
    onChanges: (changes) => seen.push(...changes.map(({ revision, previous }) => [revision, previous?.revision])),
  })
  assert.deepEqual(seen, [[first.revision + 1, first.revision]])
})

/** Little history, so that what churn leaves behind has to go at once. */
const shortRetention = { ageMs: 300_000, maxChanges: 1_000, maxBytes: 2 ** 20 }

const churns: { title: string; churn: (store: Store) => Promise<void> }[] = [
  {
    title: 'many updates of values that change their size',
    churn: async (store) => {
      await fill(store, 2_000, 2_000)
      for (let round = 0; round < 10; round++) await fill(store, 1_000 + (round % 3) * 500, 1_500 + round * 100)
    },
  },
  {
    title: 'deletes that leave a few old rows on every page',
    churn: async (store) => {
      await fill(store, 12_000, 400)
      const keys = [...store.snapshot().range('/fill/', '/fill0')].filter((_, index) => index % 3 !== 0)
      await Promise.all(keys.map(({ key, revision }) => store.write({ key, value: undefined, expected: revision })))
    },
  },
]

for (const { title, churn } of churns) {
  test(`the files are at most twice the live data after ${title}`, async (context) => {
    const { open } = await setUp(context)
    const store = await open({ retention: shortRetention })
    await churn(store)
    await store.compact(store.revision)
    const { fileBytes, liveBytes } = await store.stats()
    assert(fileBytes <= 2 * liveBytes + 2 ** 20, `${fileBytes} bytes of files for ${liveBytes} live bytes`)
  })
}

test('the write-ahead log stays bounded while writes go on without a pause', async (context) => {
  const { path, open } = await setUp(context)
  const store = await open({ retention: shortRetention })
  for (let round = 0; round < 30; round++) {
    await fill(store, 1_000, 1_000)
    const walBytes = statSync(`${path}-wal`).size
    assert(walBytes <= 12 * 2 ** 20, `${walBytes} bytes of write-ahead log`)
  }
})
