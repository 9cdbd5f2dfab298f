import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makePrivateDirectory, readFileIfThere, writeFileAtomically } from './files.ts'

const root = mkdtempSync(join(tmpdir(), 'kubets-files-'))
after(() => rmSync(root, { recursive: true }))

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a private folder is its owner’s alone, with those made above it', () => {
  makePrivateDirectory(join(root, 'a', 'b'))
  assert.equal(modeOf(join(root, 'a')), 0o700)
  assert.equal(modeOf(join(root, 'a', 'b')), 0o700)
})

test('where nothing can be made it fails instead of trying for ever', () => {
  assert.throws(() => makePrivateDirectory('/proc/kubets/data'), { code: 'ENOENT' })
})

test('a file is replaced whole, private, and leaves nothing beside it', () => {
  const path = join(root, 'c', 'secret')
  writeFileAtomically(path, 'one')
  writeFileAtomically(path, 'two')
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.equal(modeOf(path), 0o600)
})

test('a file that is not there is no failure, a folder in its place is', () => {
  assert.equal(readFileIfThere(root, 'none'), undefined)
  assert.throws(() => readFileIfThere(root), { code: 'EISDIR' })
})
