import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { writeAtomically } from './atomic-writer.ts'
import { prepareHostPath } from './host-path.ts'
import { resolveSubPath } from './sub-path.ts'

const root = mkdtempSync(join(tmpdir(), 'kubets-volumes-'))
after(() => rmSync(root, { recursive: true, force: true }))

let count = 0
const folder = () => {
  const path = join(root, String(count++))
  mkdirSync(path)
  return path
}
const file = (text: string, mode = 0o644) => ({ data: Buffer.from(text), mode })

test('files are seen through ..data, with their modes', async () => {
  const directory = folder()
  await writeAtomically(
    directory,
    new Map([
      ['a', file('1')],
      ['sub/b', file('2', 0o400)],
    ]),
  )
  assert.equal(readFileSync(join(directory, 'a'), 'utf8'), '1')
  assert.equal(statSync(join(directory, 'sub/b')).mode & 0o777, 0o400)
  assert.equal(readlinkSync(join(directory, 'a')), '..data/a')
  assert.equal(readlinkSync(join(directory, 'sub')), '..data/sub')
})

test('an update replaces all at once and leaves nothing old', async () => {
  const directory = folder()
  await writeAtomically(
    directory,
    new Map([
      ['a', file('1')],
      ['gone', file('x')],
    ]),
  )
  await writeAtomically(
    directory,
    new Map([
      ['a', file('2')],
      ['new', file('y')],
    ]),
  )
  assert.deepEqual(readdirSync(directory).sort(), ['..data', '..version_2', 'a', 'new'])
  assert.equal(readFileSync(join(directory, 'a'), 'utf8'), '2')
})

test('nothing is written when nothing changed', async () => {
  const directory = folder()
  const payload = new Map([['a', file('1')]])
  await writeAtomically(directory, payload)
  await writeAtomically(directory, payload)
  assert.equal(readlinkSync(join(directory, '..data')), '..version_1')
})

const hostPaths = [
  { type: '', path: 'none', fails: undefined },
  { type: 'Directory', path: 'none', fails: /^hostPath type check failed: .*none is not a directory$/ },
  { type: 'DirectoryOrCreate', path: 'made/deep', fails: undefined },
  { type: 'FileOrCreate', path: 'made/file', fails: undefined },
  { type: 'File', path: '.', fails: /is not a file$/ },
  { type: 'Socket', path: '.', fails: /is not a socket file$/ },
]
for (const { type, path, fails } of hostPaths) {
  test(`hostPath of type "${type}" at ${path}`, async () => {
    const prepared = prepareHostPath(join(root, path), type)
    if (fails) await assert.rejects(prepared, { message: fails })
    else await prepared
  })
}

test('a subPath is created, and links are followed only within the volume', async () => {
  const volume = folder()
  assert.equal(await resolveSubPath(volume, 'a/b'), join(volume, 'a/b'))
  symlinkSync('a', join(volume, 'inside'))
  assert.equal(await resolveSubPath(volume, 'inside/b'), join(volume, 'a/b'))
  symlinkSync('/etc', join(volume, 'outside'))
  await assert.rejects(resolveSubPath(volume, 'outside/passwd'), /leaves the volume by a link/)
  await assert.rejects(resolveSubPath(volume, '../x'), /must not leave the volume/)
  writeFileSync(join(volume, 'f'), '')
  assert.equal(await resolveSubPath(volume, 'f'), join(volume, 'f'))
})

test('a subPath into a ConfigMap is the file of the version that is there now', async () => {
  const volume = folder()
  await writeAtomically(volume, new Map([['key', file('v')]]))
  assert.match(await resolveSubPath(volume, 'key'), new RegExp(`^${volume}/\\.\\.[^/]+/key$`))
})
