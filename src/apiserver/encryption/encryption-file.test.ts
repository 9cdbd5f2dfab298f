import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLogger } from '../../platform/log.ts'
import { VirtualClock } from '../../platform/virtual-clock.ts'
import { openEncryptionFile } from './encryption-file.ts'

const key = '/registry/secrets/default/s'
const plain = Buffer.from('plain')
const secretOf = (name: string) => Buffer.from(name.padEnd(32, '.')).toString('base64')
const pollMs = 60_000

const configuration = (...names: readonly string[]) => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - aesgcm:
          keys:
${names.map((name) => `            - { name: ${name}, secret: ${secretOf(name)} }`).join('\n')}
`

/** A followed file, its text changed by `write`, which resolves when the change has been looked at. */
async function follow(context: TestContext, text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'kubets-encryption-'))
  const path = join(directory, 'encryption.yaml')
  writeFileSync(path, text)
  const clock = new VirtualClock()
  const logged: string[] = []
  const log = createLogger({ level: 'debug', destination: { write: (line) => logged.push(line) } })
  const { encryption, follow: followFile } = await openEncryptionFile({ path, clock, log, pollMs })
  const stopping = new AbortController()
  const following = followFile(stopping.signal)
  context.after(async () => {
    stopping.abort()
    await following
    rmSync(directory, { recursive: true })
  })
  const write = async (changed: string) => {
    const before = logged.length
    writeFileSync(path, changed)
    await clock.advanceMs(pollMs)
    while (logged.length === before) await new Promise((resolve) => setImmediate(resolve))
  }
  return { encryption, write, logged }
}

test('a key that is put first in the file writes from then on, and the old one reads', async (context) => {
  const { encryption, write } = await follow(context, configuration('old'))
  const sealed = encryption.encrypt(key, plain)
  assert.equal(encryption.isStale(key, sealed), false)
  await write(configuration('new', 'old'))
  assert.equal(Buffer.from(encryption.encrypt(key, plain)).indexOf('k8s:enc:aesgcm:v1:new:'), 0)
  assert.deepEqual(Buffer.from(encryption.decrypt(key, sealed)), plain)
  assert.equal(encryption.isStale(key, sealed), true)
})

for (const { title, text } of [
  { title: 'is no YAML', text: `resources: [secrets: {${secretOf('other')}` },
  { title: 'has a key that is too short', text: configuration('other').replace(secretOf('other'), 'c2hvcnQ=') },
  { title: 'is of another kind', text: 'apiVersion: v1\nkind: Secret\n' },
]) {
  test(`a file that ${title} changes nothing, and is reported without what stands in it`, async (context) => {
    const { encryption, write, logged } = await follow(context, configuration('old'))
    await write(text)
    assert.equal(Buffer.from(encryption.encrypt(key, plain)).indexOf('k8s:enc:aesgcm:v1:old:'), 0)
    assert.match(logged.join(''), /cannot be used/)
    for (const secret of [secretOf('other'), 'c2hvcnQ=']) assert.ok(!logged.join('').includes(secret), logged.join(''))
  })
}
