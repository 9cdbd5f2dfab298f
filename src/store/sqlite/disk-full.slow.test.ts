import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../../platform/clock.ts'
import { silentLogger } from '../../platform/log.ts'
import { StoreError } from '../store-error.ts'
import { openSqliteStore } from './sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'kubets-full-'))
const isMounted = mountSmallDisk()
after(() => {
  if (isMounted) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true })
})

/** A file system of 2 MB, where this user may mount one. */
function mountSmallDisk(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const skip = isMounted ? false : 'a small disk cannot be mounted by this user'

test('a disk that is full rejects writes, and once it has room the store goes on', { skip }, async (context) => {
  const path = join(folder, 'store.db')
  const options = { path, clock: systemClock, log: silentLogger }
  const store = await openSqliteStore(options)
  context.after(() => store.close())
  const write = (key: string) => store.write({ key, value: Buffer.alloc(4_000), expected: 0 })
  assert((await write('/first')).ok)
  const filler = join(folder, 'filler')
  assert.throws(() => writeFileSync(filler, Buffer.alloc(4 * 2 ** 20)), { code: 'ENOSPC' })
  let refused = 0
  for (let index = 0; index < 20; index++) {
    try {
      await write(`/full/${index}`)
    } catch (error) {
      assert(error instanceof StoreError)
      assert.equal(error.code, 'DiskFull')
      assert.equal(store.get(`/full/${index}`), undefined)
      refused++
    }
  }
  assert(refused > 0)
  rmSync(filler)
  assert((await write('/after')).ok)
  const keys = store.stats().then((stats) => stats.keys)
  await store.close()
  const again = await openSqliteStore(options)
  context.after(() => again.close())
  assert.equal((await again.stats()).keys, await keys)
  assert.equal(again.get('/after')?.value.byteLength, 4_000)
})
