import assert from 'node:assert/strict'
import { test } from 'node:test'
import { corruptError } from './sqlite-error.ts'

test('what SQLite says on several lines becomes one sentence', () => {
  assert.equal(
    corruptError('/data/kubets.db', '*** in database main ***\nFailed to read ptrmap key=4').message,
    'The datastore /data/kubets.db is damaged (*** in database main ***; Failed to read ptrmap key=4): restore a backup, or move the file away to start empty.',
  )
})
